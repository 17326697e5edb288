"""`migrate`: bring a database to what this version needs, or say what would be done."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chatsnapshot_projections.clickhouse_client import clickhouse_errors
from chatsnapshot_projections.migrations import Migration, definitions, migrations
from chatsnapshot_projections.prices import load_prices, prices_to_load
from chatsnapshot_projections.row_insert import insert_rows
from chatsnapshot_projections.sql_files import statements, table_settings
from chatsnapshot_schemas.errors import FatalError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

Known = dict[tuple[int, str], str]
"""Digest by version and name."""
COLUMNS = ("version", "name", "digest", "applied_at")


@dataclass(frozen=True, slots=True)
class AppliedMigration:
    """One step that was done, or in a dry run would be."""

    version: int
    """0: a definition or the price list."""
    name: str
    statements: tuple[str, ...]

    def __str__(self) -> str:
        number = f"migration {self.version}: " if self.version else ""
        return f"{number}{self.name}"


def migrate(client: "Client", database: str, dry_run: bool = False, *, fsync: bool = True) -> list[AppliedMigration]:
    """Apply what is missing, in order; nothing is done twice, and what broke off goes on. Returns the steps.

    `fsync`: acknowledged inserts survive the loss of power (single node); it takes effect when a table is made.
    Raises FatalError when the database belongs to a newer version, ClickHouseUnavailable, QueryFailed.
    """
    settings = table_settings(fsync=fsync)
    known = _known(client, database)
    numbered = migrations(database, settings)
    _refuse_newer(known, numbered, database)
    steps = [] if known else [_foundation(database, settings)]
    steps += [_step(migration, known) for migration in numbered if _key(migration) not in known]
    changed = [defined for defined in definitions(database) if known.get(_key(defined)) != defined.digest]
    steps += [_step(defined, known) for defined in changed]
    if not dry_run:
        for step in steps:
            _run(client, step)
        _remember(client, database, [*(one for one in numbered if _key(one) not in known), *changed])
    return steps + _prices(client, database, dry_run, is_new=not known)


def _known(client: "Client", database: str) -> Known:
    with clickhouse_errors("reading schema_migrations"):
        exists = client.command(
            "SELECT count() FROM system.tables WHERE database = {name:String} AND name = 'schema_migrations'",
            parameters={"name": database},
            use_database=False,
        )
        if not int(str(exists)):
            return {}
        rows = client.query(f"SELECT version, name, digest FROM `{database}`.schema_migrations FINAL").result_rows
    return {(version, name): digest for version, name, digest in rows}


def _refuse_newer(known: Known, numbered: tuple[Migration, ...], database: str) -> None:
    newest, own = max((version for version, _ in known), default=0), numbered[-1].version
    if newest > own:
        raise FatalError(
            f"database {database!r} is at version {newest}, this program knows {own}: upgrade the program; "
            "going back is not possible"
        )


def _key(migration: Migration) -> tuple[int, str]:
    return migration.version, migration.name


def _step(migration: Migration, known: Known) -> AppliedMigration:
    is_change = bool(migration.change) and _key(migration) in known
    return AppliedMigration(migration.version, migration.name, migration.change if is_change else migration.statements)


def _foundation(database: str, settings: str) -> AppliedMigration:
    name = "schema_migrations"
    table = statements(f"tables/{name}.sql", database, table=name, table_settings=settings)
    return AppliedMigration(0, f"database {database}", (f"CREATE DATABASE IF NOT EXISTS `{database}`", *table))


def _run(client: "Client", step: AppliedMigration) -> None:
    for text in step.statements:
        with clickhouse_errors(f"migration {step.name!r}"):
            client.command(text, use_database=False)


def _remember(client: "Client", database: str, done: list[Migration]) -> None:
    """In one insert at the end: statements may be repeated, so what broke off simply begins again."""
    if not done:
        return
    now = datetime.now(UTC)
    rows = [(one.version, one.name, one.digest, now) for one in done]
    with clickhouse_errors("writing schema_migrations"):
        insert_rows(client, database, "schema_migrations", COLUMNS, rows)


def _prices(client: "Client", database: str, dry_run: bool, *, is_new: bool) -> list[AppliedMigration]:
    count = len(prices_to_load(None if is_new and dry_run else client, database))
    if not count:
        return []
    if not dry_run:
        load_prices(client, database)
    return [AppliedMigration(0, f"{count} model prices", ())]
