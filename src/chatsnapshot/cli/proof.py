"""`verify`: prove it."""

import typer
from rich.progress import Progress

from chatsnapshot.cli.output import console, print_json
from chatsnapshot.reading import Ledger
from chatsnapshot_schemas.errors import ConfigurationError


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        "verify",
        rich_help_panel="Prove",
        epilog="Examples:  chatsnapshot verify refund-17   |   chatsnapshot verify --all --json",
    )(verify)


def verify(
    run: str | None = typer.Argument(None, help="Run id, or `last`."),
    everything: bool = typer.Option(False, "--all", help="Every run of every tenant."),
    tenant: str | None = typer.Option(None, "--tenant", help="Tenant; default: CHATSNAPSHOT_TENANT, else `default`."),
    as_json: bool = typer.Option(False, "--json", help="Machine-readable output."),
) -> None:
    """Recompute every hash from the raw ledger topic; check numbers, causes and gaps; compare topic with tables.

    Payloads in blob storage are read through and compared with their recorded digests.

    Exit code 0: intact and complete. 2: broken, also a changed blob. 3: intact, but with an open gap, a held or
    quarantined event, an unresolved cause, or a blob that is missing or cannot be reached.
    """
    from chatsnapshot.cli.reading import last_run
    from chatsnapshot.rendering.report_text import report_json, report_lines

    if (run is None) == (not everything):
        raise ConfigurationError("say which run, or --all; `chatsnapshot runs` lists the runs")
    ledger = Ledger.connect(tenant=tenant)
    if run is not None:
        report = ledger.run(last_run(ledger) if run == "last" else run).verify()
    elif as_json or not console().is_terminal:
        report = ledger.verify()
    else:
        with Progress(transient=True) as progress:
            task = progress.add_task("partitions", total=None)
            report = ledger.verify(lambda done, total: progress.update(task, completed=done, total=total))
    if as_json:
        print_json(report_json(report))
    else:
        for line in report_lines(report):
            console().print(line, soft_wrap=True)
    raise typer.Exit(report.exit_code)
