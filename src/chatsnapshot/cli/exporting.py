"""`export`: tables, views and queries as files."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from chatsnapshot.cli.moments import moment_of
from chatsnapshot.cli.output import print_json
from chatsnapshot.cli.waiting import progress_line
from chatsnapshot.exporting.file_format import FileFormat
from chatsnapshot.reading import Ledger
from chatsnapshot.rendering.printable import count_text
from chatsnapshot_schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from chatsnapshot.exporting.export import Export, Written
    from chatsnapshot.exporting.table_query import Selection

MEGABYTE = 1_000_000
DEFAULT_TABLE = "ledger"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "export",
        rich_help_panel="Read",
        epilog="Examples:  chatsnapshot export -o ledger.parquet   |   "
        "chatsnapshot export refund-17 -o refund-17.jsonl   |   "
        "chatsnapshot export --table charges --from 2026-01-01 --to 2026-02-01 -o january.parquet   |   "
        'chatsnapshot export --query "SELECT * FROM billing_by_run" -o billing.parquet --force',
    )(export)


def export(
    run: str | None = typer.Argument(None, help="Only this run: an id, or `last`."),
    file: str = typer.Option(..., "--output", "-o", help="The file to write; `-`: standard output (jsonl only)."),
    form: FileFormat | None = typer.Option(None, "--format", help="Default: by the file's name."),
    table: str | None = typer.Option(
        None, "--table", help="ledger (the default), run_items, transcript, usage_lines, charges, runs, ..."
    ),
    query: str | None = typer.Option(None, "--query", help="A SELECT of your own instead of a table; read-only."),
    since: str | None = typer.Option(None, "--from", help="Recorded since: 2026-01-31, 2026-01-31T12:00:00Z, 2h, 7d."),
    until: str | None = typer.Option(None, "--to", help="Recorded before: as --from."),
    tenant: str | None = typer.Option(None, "--tenant", help="Tenant; default: CHATSNAPSHOT_TENANT, else `default`."),
    all_tenants: bool = typer.Option(False, "--all-tenants", help="Rows of every tenant."),
    force: bool = typer.Option(False, "--force", help="Replace a file that is there."),
    as_json: bool = typer.Option(False, "--json", help="Machine-readable summary."),
) -> None:
    """Write a table, a view or a query's result to a Parquet or JSON-lines file, streamed by ClickHouse.

    The file appears when it is whole. In JSON lines the ledger's payload is a string: the text as it was recorded,
    byte for byte; hashes are hexadecimal. Ids are text in both formats.
    """
    from chatsnapshot.exporting.export import STDOUT
    from chatsnapshot.exporting.file_format import format_of

    if query is not None and any((run, table, since, until, tenant, all_tenants)):
        raise ConfigurationError("--query selects by itself; RUN, --table, --from, --to and --tenant do not go with it")
    form = format_of(file, form or (FileFormat.JSONL if file == STDOUT else None))
    ledger = Ledger.connect(tenant=tenant)
    what = f"run {run}" if run else table or ("query" if query else DEFAULT_TABLE)
    with progress_line(quiet=file == STDOUT) as told:

        def written(size: int) -> None:
            told(f"exporting {what}: {size / MEGABYTE:,.1f} MB")

        if query is not None:
            done = _export_of(ledger, form, written, reader=True).query(query, file, replace=force)
        else:
            selection = _selection(ledger, run, table, since, until, all_tenants=all_tenants)
            done = _export_of(ledger, form, written, reader=False).table(selection, file, replace=force)
    if as_json:
        print_json(asdict(done), err=file == STDOUT)
    else:
        typer.echo(f"{count_text(done.rows, 'row')}, {done.bytes:,} bytes: {done.file}", err=file == STDOUT)


def _export_of(ledger: Ledger, form: FileFormat, written: "Written", *, reader: bool) -> "Export":
    from chatsnapshot.cli.sql_query import reader_client
    from chatsnapshot.exporting.export import Export

    clickhouse = ledger.sources.clickhouse
    client = reader_client(clickhouse) if reader else ledger.sources.client
    return Export(client, clickhouse.database, form, written)


def _selection(
    ledger: Ledger, run: str | None, table: str | None, since: str | None, until: str | None, *, all_tenants: bool
) -> "Selection":
    from chatsnapshot.cli.reading import last_run
    from chatsnapshot.exporting.table_query import Selection

    now = datetime.now(UTC)
    return Selection(
        table=table or DEFAULT_TABLE,
        tenant=None if all_tenants else ledger.sources.tenant,
        run=last_run(ledger) if run == "last" else run,
        since=moment_of(since, "--from", now) if since is not None else None,
        until=moment_of(until, "--to", now) if until is not None else None,
    )
