"""`migrate`: bring a database to what this version needs, or say what would be done."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chatsnapshot_projections.clickhouse_client import clickhouse_errors
from chatsnapshot_projections.migrations import Migration, definitions, migrations
from chatsnapshot_projections.prices import load_prices, prices_to_load
from chatsnapshot_projections.sql_files import statements, table_settings
from chatsnapshot_schemas.errors import FatalError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

Known = dict[tuple[int, str], str]
"""Digest by version and name."""


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
    _refuse_newer(known, migrations(database, settings), database)
    wanted = (*migrations(database, settings), *definitions(database))
    missing = [step for step in wanted if _is_missing(step, known)]
    applied = [] if known else [_create_database(client, database, settings, dry_run)]
    for step in missing:
        if not dry_run:
            _apply(client, database, step)
        applied.append(AppliedMigration(step.version, step.name, step.statements))
    return applied + _prices(client, database, dry_run, is_new=not known)


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


def _is_missing(step: Migration, known: Known) -> bool:
    digest = known.get((step.version, step.name))
    return digest is None if step.version else digest != step.digest


def _create_database(client: "Client", database: str, settings: str, dry_run: bool) -> AppliedMigration:
    table = statements("tables/schema_migrations.sql", database, table="schema_migrations", table_settings=settings)
    made = AppliedMigration(0, f"database {database}", (f"CREATE DATABASE IF NOT EXISTS `{database}`", *table))
    if not dry_run:
        _run(client, made.name, made.statements)
    return made


def _apply(client: "Client", database: str, step: Migration) -> None:
    _run(client, step.name, step.statements)
    with clickhouse_errors("writing schema_migrations"):
        client.command(
            f"INSERT INTO `{database}`.schema_migrations "
            "SELECT {version:UInt32}, {name:String}, {digest:String}, now64(6, 'UTC')",
            parameters={"version": step.version, "name": step.name, "digest": step.digest},
            use_database=False,
        )


def _run(client: "Client", name: str, texts: tuple[str, ...]) -> None:
    for text in texts:
        with clickhouse_errors(f"migration {name!r}"):
            client.command(text, use_database=False)


def _prices(client: "Client", database: str, dry_run: bool, *, is_new: bool) -> list[AppliedMigration]:
    count = len(prices_to_load(None if is_new and dry_run else client, database))
    if not count:
        return []
    if not dry_run:
        load_prices(client, database)
    return [AppliedMigration(0, f"{count} model prices", ())]
