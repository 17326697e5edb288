"""`spool status|send`: events that were recorded and are not acknowledged yet."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table
from rich.text import Text

from chatsnapshot.cli.output import console, print_json
from chatsnapshot.cli.waiting import progress_line
from chatsnapshot.rendering.printable import count_text, one_line
from chatsnapshot.settings import Settings

if TYPE_CHECKING:
    from chatsnapshot.spooling.sending import Sent
    from chatsnapshot_producers.spool_inventory import DamageReport, RejectedReport, SpoolReport

JSON = typer.Option(False, "--json", help="Machine-readable output.")
KILOBYTE = 1_000


def register(app: typer.Typer) -> None:
    """Add the commands."""
    spool = typer.Typer(
        help="Events on this machine's disk that are not acknowledged yet: look at them, send them.",
        no_args_is_help=True,
        epilog="Example:  chatsnapshot spool status",
    )
    spool.command("status", epilog="Examples:  chatsnapshot spool status   |   chatsnapshot spool status --json")(
        status
    )
    spool.command("send", epilog="Examples:  chatsnapshot spool send   |   chatsnapshot spool send --timeout 600")(send)
    app.add_typer(spool, name="spool", rich_help_panel="Record")


def status(as_json: bool = JSON) -> None:
    """Every spool: where its events go, how many wait, since when, and whether a living process will send them."""
    from chatsnapshot.recording import spool_root
    from chatsnapshot_producers.spool_inventory import damage_reports, rejected_reports, spool_reports

    root = spool_root(Settings())
    spools, rejected, damaged = list(spool_reports(root)), list(rejected_reports(root)), list(damage_reports(root))
    if as_json:
        print_json(_document(str(root), spools, rejected, damaged))
        return
    if spools:
        console().print(_table(spools))
    events = sum(report.events for report in spools)
    abandoned = sum(report.events for report in spools if not report.owned)
    typer.echo(f"{count_text(events, 'event')} in {count_text(len(spools), 'spool')} of {root}")
    if abandoned:
        typer.echo(
            f"{count_text(abandoned, 'event')} belong to no living process: `chatsnapshot spool send` sends them"
        )
    for report in rejected:
        typer.echo(
            f"{count_text(report.events, 'event')} were refused for good: {report.path} (why: {report.reasons.name})"
        )
    for damage in damaged:
        typer.echo(f"{count_text(damage.bytes, 'byte')} of a spool could not be read and are kept: {damage.path}")


def send(
    timeout: float = typer.Option(60.0, "--timeout", min=0.0, help="Seconds for all of it; what is left stays."),
    as_json: bool = JSON,
) -> None:
    """Send what ended processes left behind, in order, with the same ids: nothing is recorded twice.

    Spools of running processes are left alone: these send by themselves. Exit code 1: something is left, was refused or
    could not be read.
    """
    from chatsnapshot.cli.importing import quiet_producer_log
    from chatsnapshot.spooling.sending import send_spools

    with quiet_producer_log(), progress_line() as told:
        results = list(
            send_spools(Settings(), timeout, lambda done, left: told(f"sending: {done:,} acknowledged, {left:,} to go"))
        )
    if as_json:
        print_json([asdict(result) for result in results])
    elif not results:
        typer.echo("nothing to send: no spool without a living process")
    else:
        for result in results:
            typer.echo(_line(result))
    if not all(result.is_done for result in results):
        raise typer.Exit(1)


def _line(result: "Sent") -> str:
    line = f"{count_text(result.acknowledged, 'event')} acknowledged by {result.destination or 'nobody'}"
    if result.rejected:
        line += f", {result.rejected:,} refused for good (`chatsnapshot spool status` says where they are)"
    if result.damages:
        line += f", {count_text(result.damages, 'place')} could not be read (kept: `chatsnapshot spool status`)"
    if result.left:
        line += f", {result.left:,} left"
    return f"{line}: {result.problem}" if result.problem else line


def _table(spools: "list[SpoolReport]") -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("spool", "to", "events", "kB", "oldest (UTC)", "owner"):
        table.add_column(column, justify="right" if column in ("events", "kB") else "left", overflow="fold")
    for report in spools:
        table.add_row(
            one_line(report.path.name),
            one_line(report.destination) or Text("unknown", "red"),
            f"{report.events:,}",
            f"{report.bytes / KILOBYTE:,.1f}",
            f"{report.oldest:%Y-%m-%d %H:%M:%S}" if report.oldest else "-",
            Text("running", "green") if report.owned else Text("none", "yellow"),
        )
    return table


def _document(
    root: str, spools: "list[SpoolReport]", rejected: "list[RejectedReport]", damaged: "list[DamageReport]"
) -> dict[str, Any]:
    return {
        "root": root,
        "events": sum(report.events for report in spools),
        "bytes": sum(report.bytes for report in spools),
        "spools": [asdict(report) | {"path": str(report.path)} for report in spools],
        "rejected": [
            {"path": str(report.path), "events": report.events, "reasons": str(report.reasons)} for report in rejected
        ],
        "damaged": [{"path": str(report.path), "bytes": report.bytes} for report in damaged],
    }
