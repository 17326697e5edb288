"""`runs`, `show`, `tail`, `why`, `sql`: reading back."""

import sys
from enum import StrEnum

import typer

from chatsnapshot.cli.output import console, print_json, print_json_line
from chatsnapshot.reading import Ledger, RunHistory
from chatsnapshot.rendering.json_values import row_dict
from chatsnapshot_schemas.errors import ConfigurationError

TENANT = typer.Option(None, "--tenant", help="Tenant; default: CHATSNAPSHOT_TENANT, else `default`.")
JSON = typer.Option(False, "--json", help="Machine-readable output.")


class Mode(StrEnum):
    """How much of a run is shown."""

    TRANSCRIPT = "transcript"
    FULL = "full"
    RAW = "raw"


class Format(StrEnum):
    """How it is written."""

    TEXT = "text"
    MD = "md"
    JSON = "json"


class RowFormat(StrEnum):
    """How the rows of a query are written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    TSV = "tsv"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    panel = "Read"
    app.command(
        "runs", rich_help_panel=panel, epilog="Examples:  chatsnapshot runs   |   chatsnapshot runs --json --limit 5"
    )(runs)
    app.command(
        "show",
        rich_help_panel=panel,
        epilog="Examples:  chatsnapshot show refund-17   |   chatsnapshot show refund-17 --mode full   |   "
        "chatsnapshot show refund-17 --format md > refund.md",
    )(show)
    app.command(
        "tail", rich_help_panel=panel, epilog="Examples:  chatsnapshot tail   |   chatsnapshot tail refund-17 --json"
    )(tail)
    app.command("why", rich_help_panel=panel, epilog="Example:  chatsnapshot why refund-17 0197f3a2-…")(why)
    app.command(
        "sql",
        rich_help_panel=panel,
        epilog='Examples:  chatsnapshot sql "SELECT event_type, count() FROM ledger GROUP BY 1 ORDER BY 2 DESC"   |   '
        'chatsnapshot sql "SELECT * FROM billing_by_run" --format csv > billing.csv   |   '
        "chatsnapshot sql - --json < question.sql",
    )(sql)


def runs(
    limit: int = typer.Option(20, min=1, max=10_000, help="How many, latest first."),
    tenant: str | None = TENANT,
    as_json: bool = JSON,
) -> None:
    """List the latest runs."""
    from chatsnapshot.rendering.runs_table import runs_table

    found = Ledger.connect(tenant=tenant).runs(limit)
    if as_json:
        print_json([row_dict(row) for row in found])
    elif found:
        console().print(runs_table(found))
    else:
        typer.echo(
            "no runs yet: `chatsnapshot demo` records one, `chatsnapshot record --help` shows how to do it by hand"
        )


def show(
    run: str = typer.Argument(help="Run id, or `last`."),
    mode: Mode = typer.Option(
        Mode.TRANSCRIPT, help="transcript: what was said; full: every item; raw: ledger records."
    ),
    form: Format = typer.Option(Format.TEXT, "--format", help="text, md or json."),
    graph: bool = typer.Option(False, "--graph", help="The workflow graph and the cost behind it."),
    full_payloads: bool = typer.Option(
        False, "--full-payloads", help="With --mode raw: payloads above 256 KiB whole, from blob storage, checked."
    ),
    tenant: str | None = TENANT,
    as_json: bool = typer.Option(False, "--json", help="The same as --format json."),
) -> None:
    """Print a run: its transcript, every item, or the raw records."""
    from chatsnapshot.cli import showing

    ledger = Ledger.connect(tenant=tenant)
    history = ledger.run(last_run(ledger) if run == "last" else run)
    form = Format.JSON if as_json else form
    if full_payloads and mode is not Mode.RAW:
        raise ConfigurationError("--full-payloads belongs to --mode raw: the other modes show what is in the tables")
    if mode is Mode.RAW:
        showing.show_raw(history, lines=form is not Format.JSON, full_payloads=full_payloads)
        return
    items = history.items() if mode is Mode.FULL else history.transcript()
    if form is Format.JSON:
        showing.show_json(history, items, graph=graph)
    elif form is Format.MD:
        showing.show_markdown(history, items)
    else:
        showing.show_text(history, items, graph=graph, full=mode is Mode.FULL)


def tail(
    run: str | None = typer.Argument(None, help="Only this run."),
    from_start: bool = typer.Option(False, "--from-start", help="What is recorded already first."),
    tenant: str | None = TENANT,
    as_json: bool = typer.Option(False, "--json", help="One ledger record as JSON a line."),
) -> None:
    """Follow the ledger live, from Kafka, until Ctrl-C."""
    from chatsnapshot.cli.showing import print_record

    ledger = Ledger.connect(tenant=tenant)
    source: Ledger | RunHistory = ledger.run(run) if run else ledger
    for record in source.tail(from_start=from_start):
        print_record(record, as_json=as_json)


def why(
    run: str = typer.Argument(help="Run id, or `last`."),
    event_id: str = typer.Argument(help="Event id, or its sequence number as #N or N."),
    tenant: str | None = TENANT,
    as_json: bool = JSON,
) -> None:
    """Why did this happen, and what did it cause? Causes up to the roots, effects down to the leaves."""
    from chatsnapshot.rendering.why_text import why_json, why_tree

    ledger = Ledger.connect(tenant=tenant)
    history = ledger.run(last_run(ledger) if run == "last" else run)
    answer = history.why(_event_of_number(history, event_id))
    if as_json:
        print_json(why_json(answer))
    else:
        console().print(why_tree(answer))


def sql(
    query: str = typer.Argument(help="One SELECT over database `chatsnapshot`; `-` reads it from standard input."),
    form: RowFormat = typer.Option(RowFormat.TABLE, "--format", help="table, json (an object a line), csv or tsv."),
    as_json: bool = typer.Option(False, "--json", help="The same as --format json."),
) -> None:
    """Ask ClickHouse. Read-only: other statements are refused. At most 100,000 rows; `export --query` has no limit."""
    from chatsnapshot.cli.sql_query import ROWS_MAX, run_sql

    if query == "-":
        query = typer.get_text_stream("stdin").read()
    if not query.strip():
        raise ConfigurationError('a query is needed, for example: chatsnapshot sql "SELECT * FROM runs LIMIT 5"')
    ledger = Ledger.connect()
    columns, rows, cut = run_sql(ledger.sources.clickhouse, query)
    form = RowFormat.JSON if as_json else form
    if form is RowFormat.JSON:
        for row in rows:
            print_json_line(dict(zip(columns, row, strict=True)))
    elif form is RowFormat.TABLE:
        from chatsnapshot.rendering.result_table import result_table

        console().print(result_table(columns, rows))
    else:
        from chatsnapshot.rendering.separated_values import write_separated

        write_separated(sys.stdout, columns, rows, "," if form is RowFormat.CSV else "\t")
    if cut:
        typer.echo(f"only the first {ROWS_MAX:,} rows: `chatsnapshot export --query` writes all of them", err=True)


def last_run(ledger: Ledger) -> str:
    """The id of the latest run."""
    latest = ledger.runs(1)
    if not latest:
        raise ConfigurationError("no runs yet")
    return str(latest[0].correlation_id)


def _event_of_number(history: RunHistory, event_id: str) -> str:
    number = event_id.removeprefix("#")
    if not number.isdigit():
        return event_id
    record = next(history.events(after=int(number) - 1, limit=1), None)
    if record is None or record.sequence_no != int(number):
        raise ConfigurationError(f"no event number {number} in run {history.run_id}")
    return record.envelope.event_id
