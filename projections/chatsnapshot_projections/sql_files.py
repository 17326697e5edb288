"""SQL as package resources: `.sql` files with a comment header and `{{placeholders}}`.

tables/       a table that is written to from outside; `{{table}}` is its name
projections/  a table, `-- projection`, and the SELECT over ledger rows that fills it
migrations/   what a database of an earlier release lacks
derived/      columns that are computed on reading
views/        a SELECT that people and queries read
queries/      a SELECT with `{parameters:Type}` for queries.py
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from chatsnapshot_projections.event_type_sql import (
    entity_sql,
    event_types_view_sql,
    phase_sql,
    primitive_sql,
)
from chatsnapshot_projections.price_keys import price_key_sql
from chatsnapshot_projections.settings_pinned import DEDUPLICATION_WINDOW
from chatsnapshot_schemas.errors import ConfigurationError

_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
_DATABASE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}").fullmatch
_SELECT_FOLLOWS = "\n-- projection\n"


@dataclass(frozen=True, slots=True)
class Projection:
    """A table and the SELECT over `ledger` that fills it. Another table name gives a shadow for a rebuild."""

    name: str
    create_table: str
    select: str


def table_settings(*, fsync: bool) -> str:
    """The SETTINGS of every table.

    `fsync`: an acknowledged insert survives the loss of power; for a single node. Replicated servers rely on their
    replicas (`insert_quorum`) instead.
    """
    synced = ", fsync_after_insert = 1, fsync_part_directory = 1" if fsync else ""
    return f"non_replicated_deduplication_window = {DEDUPLICATION_WINDOW}{synced}"


def statements(path: str, database: str, **values: str) -> tuple[str, ...]:
    """The statements of a file, rendered, without comments. Raises ConfigurationError for an impossible database."""
    return tuple(part.strip() for part in _rendered(path, database, values).split("\n;\n"))


def projection(name: str, database: str, *, table: str | None = None, settings: str = "") -> Projection:
    """A projection, its table called `table` (default: the projection's name)."""
    values = {"table": table or name, "table_settings": settings}
    create_table, select = sql_text(f"projections/{name}.sql").split(_SELECT_FOLLOWS)
    return Projection(name, _fill(create_table, database, values), _fill(select, database, values))


def _rendered(path: str, database: str, values: dict[str, str]) -> str:
    return _fill(sql_text(path), database, values)


def _fill(text: str, database: str, values: dict[str, str]) -> str:
    if not _DATABASE(database):
        raise ConfigurationError(f"clickhouse_database: letters, digits and _, not {database!r}")
    known = {**_expressions(), **values, "database": f"`{database}`"}
    filled = _PLACEHOLDER.sub(lambda match: known[match[1]], text)
    return "\n".join(line for line in filled.splitlines() if not line.lstrip().startswith("--")).strip()


@cache
def _expressions() -> dict[str, str]:
    document = sql_text("derived/document.sql").splitlines()
    return {
        "primitive": primitive_sql(),
        "declared_entity": entity_sql(),
        "declared_phase": phase_sql(),
        "event_types": event_types_view_sql(),
        **price_key_sql(),
        "document": "\n".join(line for line in document if not line.startswith("--")),
    }


def is_sql_file(path: str) -> bool:
    """Whether there is such a file."""
    return files(__package__).joinpath("sql", path).is_file()


@cache
def sql_text(path: str) -> str:
    """A file as it is, comments and placeholders included."""
    return files(__package__).joinpath("sql", path).read_text("utf-8")
