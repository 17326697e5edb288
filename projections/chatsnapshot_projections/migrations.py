"""What a database consists of: migrations by number, and definitions that follow their text.

The files in sql/tables and sql/projections say what a table is now, and that is what a new database gets. A database of
an earlier release comes to the same by the numbered migrations behind the first, whose statements find nothing to do
in a new one. Columns are added before the projection that fills them is changed, in place: what the sink inserts in
between has the column's default.
"""

import hashlib
from dataclasses import dataclass

from chatsnapshot_projections.sql_comments import comment_statement, description, table_columns, view_columns
from chatsnapshot_projections.sql_files import Projection, projection, statements

PROJECTIONS = ("run_items", "usage_lines", "workflow_facts", "runs_versions")
VIEWS = (
    "event_types",
    "quarantine",
    "quarantine_solved",
    "held",
    "model_prices",
    "runs",
    "transcript",
    "agent_run_events",
    "workflow_nodes",
    "workflow_edges",
    "timeline",
    "usage_counted",
    "charges",
    "billing_by_run",
    "billing_by_day",
    "gaps",
    "unresolved_causes",
    "audit_trail",
    "compliance_log",
)
"""In the order in which they read each other."""
TABLES = (
    "ledger",
    "quarantine_versions",
    "held_versions",
    "model_prices_versions",
    "price_changes",
    "schema_migrations",
)
"""Tables that are written from outside."""

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
    targets = [projection(name, database, settings=settings).create_table for name in PROJECTIONS]
    first = (*_tables(_FIRST_TABLES, database, settings), *targets)
    second = (
        *statements("migrations/0002_durations_and_approvals.sql", database),
        *_tables(("price_changes",), database, settings),
    )
    return (
        Migration(1, "first tables", first),
        Migration(2, "durations, approvals and changes of prices", second),
        Migration(
            3, "solved quarantine records", statements("migrations/0003_solved_quarantine_records.sql", database)
        ),
    )


def definitions(database: str) -> tuple[Migration, ...]:
    """Computed columns, projection queries, comments and views: no row is stored in them, so they can change freely."""
    columns = Migration(0, "columns of ledger", statements("derived/ledger_columns.sql", database, table="ledger"))
    live = (_live(projection(name, database), database) for name in PROJECTIONS)
    described = (
        *(_comments(name, f"tables/{name}.sql", database) for name in TABLES),
        *(_comments(name, f"projections/{name}.sql", database) for name in PROJECTIONS),
    )
    return (columns, *live, *described, *(_view(name, database) for name in VIEWS))


def _tables(names: tuple[str, ...], database: str, settings: str) -> list[str]:
    return [
        statement
        for name in names
        for statement in statements(f"tables/{name}.sql", database, table=name, table_settings=settings)
    ]


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


def _comments(name: str, path: str, database: str) -> Migration:
    statement = comment_statement(database, name, description(path), table_columns(path))
    return Migration(0, f"comments of {name}", (statement,))


def _view(name: str, database: str) -> Migration:
    path = f"views/{name}.sql"
    (select,) = statements(path, database)
    create = f"CREATE OR REPLACE VIEW `{database}`.{name} AS\n{select}"
    return Migration(
        0, f"view {name}", (create, comment_statement(database, name, description(path), view_columns(path)))
    )
