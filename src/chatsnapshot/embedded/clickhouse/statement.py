"""What kind of statement a piece of SQL is, and where this endpoint may add to it.

Nothing here understands SQL beyond its outline: the engine parses and judges it. Texts are SQL bytes decoded as
Latin-1.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from chatsnapshot.embedded.clickhouse.errors import Code, EndpointError
from chatsnapshot.embedded.clickhouse.tokens import Token, TokenKind, tokens

SELECT_WORDS = ("SELECT", "WITH", "FROM")
DESCRIBING_WORDS = ("SHOW", "DESCRIBE", "DESC", "EXISTS")
READ_WORDS = (*SELECT_WORDS, *DESCRIBING_WORDS, "EXPLAIN")
_GENERATORS = ("numbers", "numbers_mt", "zeros", "zeros_mt")
"""Tables of the database `system` that are as long as one likes."""
_OPENING, _CLOSING = "([{", ")]}"


class Kind(Enum):
    """What a statement does to the data, as far as its first words say."""

    READ = "read"
    CHANGE = "change"


@dataclass(frozen=True)
class Statement:
    """One statement without data of its own. `output_at`: where an output clause may be put in; None for CHANGE."""

    kind: Kind
    text: str
    tokens: tuple[Token, ...]
    format: str | None = None
    output_at: int | None = None

    def writing_to(self, path: str) -> str:
        """The statement with its result going to a file or pipe."""
        if self.output_at is None:
            return self.text
        return f"{self.text[: self.output_at]}{output_clause(path)}{self.text[self.output_at :]}"


def is_light(statement: Statement) -> bool:
    """Whether a read only describes: tables, settings, the server. A client asks such things before it inserts."""
    found = statement.tokens
    if statement.kind is not Kind.READ or found[0].is_word(*DESCRIBING_WORDS):
        return statement.kind is Kind.READ
    sources = [index for index, token in enumerate(found) if token.is_word("FROM", "JOIN")]
    return all(_is_system_table(found[index + 1 : index + 5]) for index in sources)


def _is_system_table(source: tuple[Token, ...]) -> bool:
    if len(source) < 3 or not source[1].is_symbol("."):
        return False
    followed = len(source) > 3 and source[3].is_symbol(",")
    return source[0].name == "system" and source[2].name not in _GENERATORS and not followed


def output_clause(path: str) -> str:
    """TRUNCATE because a pipe exists already."""
    return f" INTO OUTFILE '{path}' TRUNCATE "


def parse_statement(text: str) -> Statement:
    """Classify one complete statement.

    Raises EndpointError for several statements at once, files of the server's host, and temporary tables.
    """
    found = list(tokens(text))
    while found and found[-1].is_symbol(";"):
        found.pop()
    if not found:
        raise EndpointError(Code.SYNTAX_ERROR, "Syntax error: failed at position 1 (end of query): Empty query")
    _refuse(found)
    text = text[: found[-1].end]
    if _kind(found) is Kind.CHANGE:
        return Statement(Kind.CHANGE, text, tuple(found))
    format_clause = _format_clause(found)
    output_at = found[-1].end if format_clause is None else format_clause[0].start
    if format_clause is None and not found[0].is_word(*SELECT_WORDS):
        output_at = _trailing_settings(found) or output_at  # only SELECT has SETTINGS of its own before the output
    return Statement(Kind.READ, text, tuple(found), None if format_clause is None else format_clause[1].name, output_at)


def top_level(found: Iterable[Token]) -> Iterator[Token]:
    """The tokens outside all brackets; the brackets themselves are left out."""
    depth = 0
    for token in found:
        if token.kind is TokenKind.SYMBOL and token.text in _OPENING:
            depth += 1
        elif token.kind is TokenKind.SYMBOL and token.text in _CLOSING:
            depth -= 1
        elif depth == 0:
            yield token


def _refuse(found: list[Token]) -> None:
    semicolon = next((token for token in found if token.is_symbol(";")), None)
    if semicolon:
        raise several_statements(semicolon)
    for first, second in pairwise(found):
        if first.is_word("INTO") and second.is_word("OUTFILE"):
            raise EndpointError(Code.INTO_OUTFILE_NOT_ALLOWED, "INTO OUTFILE is not allowed")
        if first.is_word("FROM") and second.is_word("INFILE"):
            raise no_infile()
        if first.is_word("CREATE", "REPLACE", "ATTACH") and second.is_word("TEMPORARY"):
            raise no_sessions("temporary tables")


def several_statements(semicolon: Token) -> EndpointError:
    """The refusal of a second statement behind that semicolon."""
    return EndpointError(
        Code.SYNTAX_ERROR,
        f"Syntax error (Multi-statements are not allowed): failed at position {semicolon.start + 1} (end of query)",
    )


def no_infile() -> EndpointError:
    """The refusal of a file of the server's host as an insert's data."""
    return EndpointError(Code.NOT_IMPLEMENTED, "FROM INFILE is not supported over HTTP: send the data in the body")


def no_sessions(what: str) -> EndpointError:
    """The refusal of everything that would need a session."""
    return EndpointError(
        Code.NOT_IMPLEMENTED, f"{what} need a session, and the embedded engine keeps none between requests"
    )


def _kind(found: list[Token]) -> Kind:
    opening = next((token for token in found if not token.is_symbol("(")), found[0])
    if not opening.is_word(*READ_WORDS):
        return Kind.CHANGE
    outer = list(top_level(found))
    inserts = any(first.is_word("INSERT") and second.is_word("INTO") for first, second in pairwise(outer))
    parallel = any(first.is_word("PARALLEL") and second.is_word("WITH") for first, second in pairwise(outer))
    return Kind.CHANGE if inserts or parallel else Kind.READ


def _format_clause(found: list[Token]) -> tuple[Token, Token] | None:
    """The words FORMAT and name at the statement's end, if it has them."""
    outer = list(top_level(found))
    for index in range(len(outer) - 2, 0, -1):
        word, name = outer[index], outer[index + 1]
        after = outer[index + 2] if index + 2 < len(outer) else None
        ends = after is None or after.is_word("SETTINGS")
        if word.is_word("FORMAT") and name.name is not None and ends and not _names_something(found, word):
            return word, name
    return None


def _names_something(found: list[Token], word: Token) -> bool:
    """Whether the word stands where a column, table or alias is named."""
    before = found[found.index(word) - 1]
    return before.is_word("AS", "FROM", "JOIN") or before.is_symbol(",") or before.is_symbol(".")


def _trailing_settings(found: list[Token]) -> int | None:
    outer = list(top_level(found))
    for index in range(len(outer) - 2, 0, -1):
        if outer[index].is_word("SETTINGS") and outer[index + 1].name is not None:
            return outer[index].start
    return None
