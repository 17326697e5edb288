"""What a database consists of: migrations by number, and definitions that follow their text."""

import hashlib
from dataclasses import dataclass

from chatsnapshot_projections.sql_files import Projection, projection, statements

PROJECTIONS = ("run_items", "usage_lines", "workflow_facts", "runs_versions")
VIEWS = (
    "event_types",
    "quarantine",
    "held",
    "model_prices",
    "runs",
    "transcript",
    "workflow_nodes",
    "workflow_edges",
    "usage_counted",
    "charges",
    "billing_by_run",
    "gaps",
)
"""In the order in which they read each other."""

_FIRST_TABLES = ("ledger", "quarantine_versions", "held_versions", "model_prices_versions")


@dataclass(frozen=True, slots=True)
class Migration:
    """Statements under a name. version > 0: applied once, in order. 0: a definition, applied whenever it changed.

    Every statement may be repeated: what broke off is applied again from its beginning.
    """

    version: int
    name: str
    statements: tuple[str, ...]
    change: tuple[str, ...] = ()
    """Of a definition: instead of `statements` when an earlier form of it is in place."""

    @property
    def digest(self) -> str:
        """SHA-256 of the statements."""
        return hashlib.sha256("\0".join(self.statements).encode()).hexdigest()


def migrations(database: str, settings: str) -> tuple[Migration, ...]:
    """The numbered migrations. Released ones never change; what is new gets the next number."""
    tables = [
        statement
        for table in _FIRST_TABLES
        for statement in statements(f"tables/{table}.sql", database, table=table, table_settings=settings)
    ]
    targets = [projection(name, database, settings=settings).create_table for name in PROJECTIONS]
    return (Migration(1, "first tables", (*tables, *targets)),)


def definitions(database: str) -> tuple[Migration, ...]:
    """Computed columns, projection queries and views: nothing is stored in them, so they can change at any time."""
    columns = Migration(0, "columns of ledger", statements("derived/ledger_columns.sql", database, table="ledger"))
    live = (_live(projection(name, database), database) for name in PROJECTIONS)
    return (columns, *live, *(_view(name, database) for name in VIEWS))


def _live(filled: Projection, database: str) -> Migration:
    """The materialized view of a projection. Changed in place, because rows would be missed while it is away."""
    view = f"`{database}`.{filled.name}_live"
    create = f"CREATE MATERIALIZED VIEW {view} TO `{database}`.{filled.name} AS\n{filled.select}"
    return Migration(
        0,
        f"projection {filled.name}",
        statements=(f"DROP VIEW IF EXISTS {view} SYNC", create),
        change=(f"ALTER TABLE {view} MODIFY QUERY\n{filled.select}",),
    )


def _view(name: str, database: str) -> Migration:
    (select,) = statements(f"views/{name}.sql", database)
    return Migration(0, f"view {name}", (f"CREATE OR REPLACE VIEW `{database}`.{name} AS\n{select}",))
