"""What people's SQL may do: read tables of the database, nothing else.

The engine has no users, and an unrestricted query reads the host's files. Three nets, any one may fail: the engine's
own syntax tree is walked, the tokens are looked through, and the connection is `readonly = 1`.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

from chatsnapshot.embedded.clickhouse.errors import Code, EndpointError
from chatsnapshot.embedded.clickhouse.statement import Kind, Statement
from chatsnapshot.embedded.clickhouse.tokens import Token, TokenKind

TABLE_FUNCTIONS_ALLOWED: Final = frozenset(
    {
        "numbers",
        "numbers_mt",
        "zeros",
        "zeros_mt",
        "generateseries",
        "generate_series",
        "generaterandom",
        "values",
        "format",
        "null",
        "view",
        "primes",
    }
)
"""They make rows out of their arguments alone, or only wrap a SELECT that is checked itself."""
FUNCTIONS_REFUSED: Final = frozenset(
    {
        "file",
        "catboostevaluate",
        "aigenerate",
        "aiclassify",
        "aiextract",
        "aitranslate",
        "airedact",
        "aifilter",
        "aiembed",
        "aisimilarity",
        "getserversetting",
        "hascolumnintable",
    }
)
"""Functions that reach files, libraries, the network or other databases by a name in a string.

Refused wherever the name stands, so that a column of this name cannot be read: `arrayMap(file, paths)` calls it too.
"""
SYSTEM_DATABASES: Final = frozenset({"system", "information_schema"})
SYSTEM_TABLES_ALLOWED: Final = frozenset({"one", "numbers", "numbers_mt", "zeros", "zeros_mt", "settings"})
"""Generators, and the connection's own settings, which clickhouse-connect reads when it connects."""
READER_SETTINGS: Final[Mapping[str, str]] = {"max_execution_time": "60"}
"""Where a request says nothing: a person waits a minute, then asks for less. In seconds."""

_TREE_STATEMENTS: Final = frozenset(
    {"SelectWithUnionQuery", "SelectIntersectExceptQuery", "SelectQuery", "ShowTablesQuery"}
)
_EXPLAINED: Final = frozenset({"ExplainQuery"})
_NO_TREE_WORDS: Final = ("DESCRIBE", "DESC", "EXISTS", "SHOW")

END: Final = Token(TokenKind.SYMBOL, "", 0, 0)
"""Stands behind the last token."""

SyntaxTree = Callable[[str], Any]


def check_reader(
    statement: Statement,
    database: str | None,
    parameters: Mapping[str, str],
    table_functions: frozenset[str],
    syntax_tree: SyntaxTree,
) -> None:
    """Raise EndpointError (ACCESS_DENIED, READONLY) unless the statement is one that people may run.

    `table_functions` are all that the engine has, in lower case; `syntax_tree` is the engine's parser.
    """
    if statement.kind is not Kind.READ:
        raise EndpointError(Code.READONLY, "Cannot execute query in readonly mode")
    if (database or "").lower() in SYSTEM_DATABASES:
        raise _denied(f"the database {database}")
    _check_tokens(statement.tokens, table_functions - TABLE_FUNCTIONS_ALLOWED)
    if statement.tokens[0].is_word(*_NO_TREE_WORDS) and _names_one_table(statement.tokens):
        return  # the engine gives no tree for these; the tokens have said everything
    try:
        tree = syntax_tree(statement.text)
    except EndpointError as error:
        if error.code == Code.BAD_ARGUMENTS:  # a statement that has no tree
            raise _denied("a statement of this kind") from None
        raise
    _check_tree(tree, parameters)


def _check_tokens(found: tuple[Token, ...], refused: frozenset[str]) -> None:
    for first, second in pairwise((*found, END)):
        name = (first.name or "").lower()
        if name in FUNCTIONS_REFUSED or (second.is_symbol("(") and name in refused):
            raise _denied(f"the function {first.name}")
        if second.is_symbol(".") and name in SYSTEM_DATABASES and not _allowed_system_table(found, second):
            raise _denied(f"the database {first.name}")
    for first, second, third in zip(found, found[1:], found[2:], strict=False):
        if first.is_word("SETTINGS") and second.name is not None and third.is_symbol("="):
            raise _denied("settings in a query")
    if any(token.kind is TokenKind.ERROR for token in found):
        raise EndpointError(Code.SYNTAX_ERROR, "Syntax error: unrecognized token")


def _allowed_system_table(found: tuple[Token, ...], dot: Token) -> bool:
    following = found.index(dot) + 1
    return following < len(found) and (found[following].name or "").lower() in SYSTEM_TABLES_ALLOWED


def _names_one_table(found: tuple[Token, ...]) -> bool:
    """`DESCRIBE t`, `EXISTS TABLE d.t`, `SHOW CREATE VIEW t`, perhaps with a FORMAT: words and dots alone."""
    if found[0].is_word("SHOW") and not (len(found) > 1 and found[1].is_word("CREATE")):
        return False
    return all(token.name is not None or token.is_symbol(".") for token in found)


def _check_tree(tree: Any, parameters: Mapping[str, str]) -> None:
    kind = tree.get("type")
    if kind in _EXPLAINED:
        kind = (tree.get("query") or {}).get("type")
    if kind not in _TREE_STATEMENTS:
        raise _denied(f"a statement of this kind ({kind})")
    if str((tree.get("from") or {}).get("name", "")).lower() in SYSTEM_DATABASES:
        raise _denied("the system's databases")
    for node in _nodes(tree):
        _check_node(node, parameters)


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _check_node(node: dict[str, Any], parameters: Mapping[str, str]) -> None:
    function = node.get("table_function")
    if isinstance(function, dict) and str(function.get("name", "")).lower() not in TABLE_FUNCTIONS_ALLOWED:
        raise _denied(f"the table function {function.get('name')}")
    if node.get("out_file"):
        raise EndpointError(Code.INTO_OUTFILE_NOT_ALLOWED, "INTO OUTFILE is not allowed")
    kind = node.get("type")
    if kind in ("Function", "Identifier") and str(node.get("name", "")).lower() in FUNCTIONS_REFUSED:
        raise _denied(f"the function {node.get('name')}")
    if kind == "SetQuery":
        raise _denied("settings in a query")
    if kind in ("TableIdentifier", "Identifier"):
        _check_identifier([str(part) for part in node.get("name_parts") or ()])
    if kind == "QueryParameter" and node.get("param_type") == "Identifier":
        _check_identifier_parameter(str(node.get("name")), parameters)


def _check_identifier(parts: list[str]) -> None:
    if len(parts) > 1 and parts[0].lower() in SYSTEM_DATABASES and parts[1].lower() not in SYSTEM_TABLES_ALLOWED:
        raise _denied(f"the database {parts[0]}")


def _check_identifier_parameter(name: str, parameters: Mapping[str, str]) -> None:
    value = parameters.get(name, "")
    if not value.replace("_", "").isalnum() or value.lower() in SYSTEM_DATABASES | FUNCTIONS_REFUSED:
        raise _denied(f"the identifier {value!r}")


def _denied(what: str) -> EndpointError:
    return EndpointError(Code.ACCESS_DENIED, f"reader: Not enough privileges: {what} may not be used by this user")
