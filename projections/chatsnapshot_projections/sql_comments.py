"""What tables, views and their columns are, as their `.sql` files say it, brought into ClickHouse.

A file begins with `-- name: what it is.` The columns of a table have a COMMENT in its CREATE TABLE; those of a view,
whose types only the engine knows, have a line `-- column NAME: text`, or share one, `-- columns as TABLE: NAME, NAME`,
where they mean what they mean there. ClickHouse keeps all of it, so `DESCRIBE TABLE` and SQL tools show it.
"""

import re

from chatsnapshot_projections.event_type_sql import quoted
from chatsnapshot_projections.sql_files import is_sql_file, sql_text
from chatsnapshot_schemas.errors import ConfigurationError

_DESCRIBED = re.compile(r"^-- \w+: (.*)$", re.DOTALL)
_OF_A_VIEW = re.compile(r"^-- column (\w+): (.+)$", re.MULTILINE)
_AS_ELSEWHERE = re.compile(r"^-- columns as (\w+): (.+)$", re.MULTILINE)
_OF_A_TABLE = re.compile(r"^    (\w+) .*?COMMENT '([^']+)',?$", re.MULTILINE)
_FOLDERS = ("tables", "projections", "views")


def description(path: str) -> str:
    """The first sentence of a file's comment. Raises ConfigurationError when it does not begin as it should."""
    header = []
    for line in sql_text(path).splitlines():
        if not line.startswith("--") or line.startswith(("-- column ", "-- columns as ")):
            break
        header.append(line)
    found = _DESCRIBED.match("\n".join(header))
    if found is None:
        raise ConfigurationError(f"{path}: the first line has to be `-- name: what it is.`")
    words = " ".join(line.removeprefix("--").strip() for line in found[1].split("\n"))
    return words.split(". ")[0].rstrip(".:")


def view_columns(path: str) -> dict[str, str]:
    """Text by column, from `-- column` lines. Raises ConfigurationError when another file does not have a column."""
    text, found = sql_text(path), {}
    for other, names in _AS_ELSEWHERE.findall(text):
        there = _columns_of(other)
        for name in names.split(", "):
            if name not in there:
                raise ConfigurationError(f"{path}: {other} has no column {name}")
            found[name] = there[name]
    return found | dict(_OF_A_VIEW.findall(text))


def table_columns(path: str) -> dict[str, str]:
    """Text by column, from CREATE TABLE."""
    return dict(_OF_A_TABLE.findall(sql_text(path)))


def _columns_of(name: str) -> dict[str, str]:
    for folder in _FOLDERS:
        path = f"{folder}/{name}.sql"
        if is_sql_file(path):
            return view_columns(path) if folder == "views" else table_columns(path)
    raise ConfigurationError(f"no table or view {name}")


def comment_statement(database: str, name: str, text: str, columns: dict[str, str]) -> str:
    """One ALTER that touches metadata only: no row is rewritten, and inserts go on."""
    said = ", ".join(f"COMMENT COLUMN `{column}` {quoted(comment)}" for column, comment in columns.items())
    return f"ALTER TABLE `{database}`.{name} MODIFY COMMENT {quoted(text)}{', ' if said else ''}{said}"
