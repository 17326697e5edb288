"""What there is to read in a database: every table and view with its columns, as the engine itself says it."""

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from chatsnapshot_projections.clickhouse_client import clickhouse_errors
from chatsnapshot_projections.migrations import PROJECTIONS, TABLES, VIEWS

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

Kind = Literal["table", "projection", "view"]


@dataclass(frozen=True, slots=True)
class DocumentedColumn:
    """A column; `type` is the engine's, `comment` one sentence."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True, slots=True)
class DocumentedTable:
    """A table or view.

    `kind`: table: written from outside; projection: a stored table that follows the ledger; view: a SELECT.
    """

    name: str
    kind: Kind
    comment: str
    sorting_key: str
    """What one run is found by; '' for a view."""
    partition_key: str
    indexes: tuple[str, ...]
    """`column: type` of each skipping index."""
    columns: tuple[DocumentedColumn, ...]


def documented_columns(client: "Client", database: str) -> tuple[DocumentedTable, ...]:
    """Everything people can read in a migrated database: tables, projections, views, as they build on each other.

    Left out are the materialized views `<projection>_live`, which only fill projections, and whatever people made.
    Raises ClickHouseUnavailable, QueryFailed.
    """
    with clickhouse_errors("reading the catalogue"):
        tables = {row["name"]: row for row in _rows(client, database, _TABLES)}
        columns = defaultdict(list)
        for row in _rows(client, database, _COLUMNS):
            columns[row["table"]].append(DocumentedColumn(row["name"], row["type"], row["comment"]))
        indexes = defaultdict(list)
        for row in _rows(client, database, _INDEXES):
            indexes[row["table"]].append(f"{row['expr']}: {row['type']}")
    return tuple(
        DocumentedTable(
            name=name,
            kind=kind,
            comment=tables[name]["comment"],
            sorting_key=tables[name]["sorting_key"],
            partition_key=tables[name]["partition_key"],
            indexes=tuple(indexes[name]),
            columns=tuple(columns[name]),
        )
        for kind, names in _NAMES
        for name in names
        if name in tables
    )


_NAMES: tuple[tuple[Kind, tuple[str, ...]], ...] = (("table", TABLES), ("projection", PROJECTIONS), ("view", VIEWS))
_TABLES = "SELECT name, comment, sorting_key, partition_key FROM system.tables WHERE database = {name:String}"
_COLUMNS = """
SELECT table, name, type, comment FROM system.columns WHERE database = {name:String} ORDER BY table, position
"""
_INDEXES = """
SELECT table, expr, type_full AS type FROM system.data_skipping_indices WHERE database = {name:String}
ORDER BY table, name
"""


def _rows(client: "Client", database: str, sql: str) -> list[dict[str, str]]:
    return list(client.query(sql, parameters={"name": database}).named_results())
