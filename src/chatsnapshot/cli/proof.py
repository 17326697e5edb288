"""`verify`: prove it."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.progress import Progress

from chatsnapshot.cli.output import console, print_json
from chatsnapshot.reading import Ledger
from chatsnapshot_schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from chatsnapshot.verification.findings import Report


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        "verify",
        rich_help_panel="Prove",
        epilog="Examples:  chatsnapshot verify refund-17   |   chatsnapshot verify --all --json   |   "
        "chatsnapshot verify --all --no-tables",
    )(verify)


def verify(
    run: str | None = typer.Argument(None, help="Run id, or `last`."),
    everything: bool = typer.Option(False, "--all", help="Every run of every tenant."),
    tenant: str | None = typer.Option(None, "--tenant", help="Tenant; default: CHATSNAPSHOT_TENANT, else `default`."),
    anchor: Path | None = typer.Option(
        None, "--anchor", help="With --all: Merkle roots that were kept elsewhere (`evidence anchor`)."
    ),
    no_tables: bool = typer.Option(False, "--no-tables", help="With --all: the topics only, without ClickHouse."),
    as_json: bool = typer.Option(False, "--json", help="Machine-readable output."),
) -> None:
    """Recompute every hash from the raw ledger topic; check numbers, causes and gaps; compare topic with tables.

    With --all, every input that the events topic still has must be in exactly one place: recorded, refused, held, or a
    duplicate. Every projection is compared with what the ledger says, edges with causes, bills are computed once more.

    Payloads in blob storage are read through and compared with their recorded digests. With --anchor, every Merkle root
    is computed again, and a tail that was cut off or a chain that was rewritten is found.

    Exit code 0: intact, complete, causes resolved. 2: broken, also a changed blob. 3: intact, but with an open gap, a
    held or quarantined event, an input that waits, an unresolved cause, or a blob that is missing or out of reach.
    """
    from chatsnapshot.cli.reading import last_run
    from chatsnapshot.rendering.report_text import report_json, report_lines

    if (run is None) == (not everything):
        raise ConfigurationError("say which run, or --all; `chatsnapshot runs` lists the runs")
    if anchor is not None and not everything:
        raise ConfigurationError("--anchor goes with --all: a root is over all runs of a partition")
    if no_tables and not everything:
        raise ConfigurationError("--no-tables goes with --all")
    ledger = Ledger.connect(tenant=tenant)
    if run is not None:
        report = ledger.run(last_run(ledger) if run == "last" else run).verify()
    else:
        report = _verify_all(ledger, tables=not no_tables, quiet=as_json or not console().is_terminal)
    tail = None if anchor is None else _compare_with(anchor, ledger, report)
    if as_json:
        print_json(report_json(report) | ({} if tail is None else {"tail": tail}))
    else:
        for line in report_lines(report):
            console().print(line, soft_wrap=True)
        if tail is not None:
            console().print(tail)
    raise typer.Exit(report.exit_code)


def _verify_all(ledger: Ledger, *, tables: bool, quiet: bool) -> "Report":
    if quiet:
        return ledger.verify(tables=tables)
    with Progress(transient=True) as progress:
        task = progress.add_task("", total=None)

        def told(doing: str, done: int, total: int) -> None:
            progress.update(task, description=doing, completed=done, total=total)

        return ledger.verify(told, tables=tables)


def _compare_with(anchor: Path, ledger: Ledger, report: "Report") -> str:
    """Add what the anchor finds; the verdict over the tail."""
    from chatsnapshot.evidence.anchor_file import read_anchor
    from chatsnapshot.evidence.live_check import LiveCheck
    from chatsnapshot.evidence.tail import tail_verdict

    sources = ledger.sources
    check = LiveCheck(sources.kafka, sources.topics, sources.framing, read_anchor(anchor), report.add)
    return tail_verdict(check.run())
