"""INSERT statements with data: where the data begin, and how the engine reads them from a file."""

from collections.abc import Iterator
from dataclasses import dataclass

from chatsnapshot.embedded.clickhouse.errors import Code, EndpointError
from chatsnapshot.embedded.clickhouse.statement import no_infile, several_statements
from chatsnapshot.embedded.clickhouse.tokens import Token, TokenKind, tokens

_BLANKS = " \t\f"


@dataclass(frozen=True)
class InsertStatement:
    """An INSERT whose data follow it, from byte `data_at` of the text it was read from.

    `head` is everything before the format, `settings_at` the offset in it of its SETTINGS clause (or its end).
    """

    head: str
    settings_at: int
    format: str
    data_at: int

    def reading_from(self, path: str) -> str:
        """The statement with its data coming from a file."""
        settings = self.head[self.settings_at :]
        return f"{self.head[: self.settings_at]} FROM INFILE '{path}' {settings} FORMAT {self.format}"


@dataclass(frozen=True)
class Unfinished:
    """The text ends before the statement does: more of the body may hold the rest."""


def begins_insert(text: str) -> bool:
    """Whether the first word is INSERT."""
    return next(tokens(text), Token(TokenKind.ERROR, "", 0, 0)).is_word("INSERT")


def parse_insert(text: str, complete: bool) -> InsertStatement | Unfinished | None:
    """Find the data of an INSERT. None when it has none: `INSERT ... SELECT`.

    Only the statement is read, never the data behind it. `complete` says that nothing follows the text. Raises
    EndpointError for forms that cannot be served.
    """
    insert = _parse_insert(text)
    if isinstance(insert, InsertStatement) and insert.data_at >= len(text) and not complete:
        return Unfinished()  # a format's name or the line end behind it may go on in what follows
    return insert


def _parse_insert(text: str) -> InsertStatement | Unfinished | None:
    reader = _Reader(text)
    reader.skip_target()
    settings_at: int | None = None
    while (token := reader.next_outer()) is not None:
        if token.is_symbol(";"):
            raise several_statements(token)
        if token.is_word("SETTINGS") and settings_at is None:
            settings_at = token.start
        elif token.is_word("SELECT", "WITH", "FROM"):
            _check_select(token, reader)
            return None
        elif token.is_word("VALUES"):
            return _with_data(text, token, settings_at, "Values", token.end)
        elif token.is_word("FORMAT"):
            name = reader.next()
            return Unfinished() if name is None else _with_data(text, token, settings_at, name.text, name.end)
    return None if reader.saw_select else Unfinished()


def _with_data(text: str, keyword: Token, settings_at: int | None, name: str, end: int) -> InsertStatement:
    return InsertStatement(
        head=text[: keyword.start],
        settings_at=keyword.start if settings_at is None else settings_at,
        format=name,
        data_at=_data_offset(text, end),
    )


def _data_offset(text: str, position: int) -> int:
    """ClickHouse's rule: blanks, then at most one line end, belong to the statement; all else is data."""
    if text.startswith(";", position):
        raise EndpointError(
            Code.SYNTAX_ERROR, "You have excessive ';' symbol before data for INSERT. Remove it and try again"
        )
    while position < len(text) and text[position] in _BLANKS:
        position += 1
    position += text.startswith("\r", position)
    position += text.startswith("\n", position)
    return position


def _check_select(first: Token, reader: "_Reader") -> None:
    """INSERT ... SELECT: the engine runs it as it is, unless it reads the body through `input()`."""
    following = reader.next()
    if first.is_word("FROM") and following is not None and following.is_word("INFILE"):
        raise no_infile()
    previous = following
    while (token := reader.next()) is not None:
        if previous is not None and (previous.name or "").lower() == "input" and token.is_symbol("("):
            raise EndpointError(
                Code.NOT_IMPLEMENTED, "INSERT ... SELECT FROM input() is not supported by the embedded engine"
            )
        previous = token


class _Reader:
    """Walks over the tokens of one INSERT."""

    def __init__(self, text: str) -> None:
        self._tokens: Iterator[Token] = tokens(text)
        self._pushed: Token | None = None
        self.saw_select = False

    def next(self) -> Token | None:
        """The next token, or None at the end."""
        token, self._pushed = self._pushed, None
        return token if token is not None else next(self._tokens, None)

    def next_outer(self) -> Token | None:
        """The next token outside brackets; a bracketed SELECT counts as that word."""
        while (token := self.next()) is not None and token.is_symbol("("):
            inner = self._skip_brackets()
            if inner is not None and inner.is_word("SELECT", "WITH"):
                self.saw_select = True
        return token

    def skip_target(self) -> None:
        """Over `INSERT INTO [TABLE] [FUNCTION] name[.name]`: a table may be called `values` or `format`."""
        self.next()
        token = self.next()
        for word in ("INTO", "TABLE", "FUNCTION"):
            if token is not None and token.is_word(word):
                token = self.next()
        self._skip_name(token)

    def _skip_name(self, token: Token | None) -> None:
        while token is not None:
            if token.is_symbol("{"):  # {table:Identifier}
                while token is not None and not token.is_symbol("}"):
                    token = self.next()
            token = self.next()
            if token is None or not token.is_symbol("."):
                self._pushed = token
                return
            token = self.next()

    def _skip_brackets(self) -> Token | None:
        """Over everything up to the closing bracket; gives the first token inside."""
        first = token = self.next()
        depth = 1
        while token is not None:
            depth += token.is_symbol("(") - token.is_symbol(")")
            if depth == 0:
                return first
            token = self.next()
        return first
