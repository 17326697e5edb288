"""The local stack: `up`, `down`, `status`, `logs`, `open`, `doctor`."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from chatsnapshot.cli.output import console, print_json, print_json_line
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.errors import ConfigurationError, StackFailed

DATA_DIR = typer.Option(None, "--data-dir", help="Folder of the stack's data [default: CHATSNAPSHOT_DATA_DIR].")
AS_JSON = typer.Option(False, "--json", help="Machine-readable output.")
FOLLOW_POLL_S = 0.2
PANEL = "Stack"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    _add(app, up, "Examples:  chatsnapshot up   |   chatsnapshot up -d --data-dir ./ledger")
    _add(app, down, "Example:  chatsnapshot down --data-dir ./ledger")
    _add(
        app,
        status,
        "Examples:  chatsnapshot status   |   chatsnapshot status --json   |   "
        "chatsnapshot status --completeness   |   chatsnapshot status --completeness --run refund-17",
    )
    _add(
        app,
        logs,
        "Examples:  chatsnapshot logs   |   chatsnapshot logs sequencer --follow   |   chatsnapshot logs --json",
    )
    _add(app, open_in_browser, "Examples:  chatsnapshot open   |   chatsnapshot open refund-17 --print", "open")
    _add(app, doctor, "Example:  chatsnapshot doctor")


def _add(app: typer.Typer, command: Callable[..., None], epilog: str, name: str | None = None) -> None:
    app.command(name or command.__name__, rich_help_panel=PANEL, epilog=epilog)(command)


def up(
    data_dir: Path | None = DATA_DIR,
    detach: bool = typer.Option(False, "--detach", "-d", help="Return when it is up; `down` stops it."),
    as_json: bool = typer.Option(False, "--json", help="The addresses as one JSON document, when all is up."),
) -> None:
    """Start the whole stack on this machine (Kafka, ClickHouse, sequencer, sink, HTTP), with its data in one folder."""
    from chatsnapshot.cli.stack_tables import addresses_json, addresses_table
    from chatsnapshot.embedded.background import start_in_background
    from chatsnapshot.embedded.data_folder import SUPERVISOR_LOG
    from chatsnapshot.embedded.endpoints import read_endpoints
    from chatsnapshot.embedded.progress import BothProgress, LogProgress, progress_for
    from chatsnapshot.embedded.roles import Addresses
    from chatsnapshot.embedded.stack import run_stack

    settings = _settings(data_dir)
    folder, progress = _folder(settings), progress_for(sys.stderr)

    def announce(addresses: Addresses) -> None:
        if as_json:
            print_json(addresses_json(addresses, folder.path))
            return
        console().print(
            addresses_table(addresses, folder.path, "Ctrl-C stops" if not detach else "`chatsnapshot down` stops")
        )

    if not detach:
        folder.prepare()
        run_stack(settings, folder, BothProgress(progress, LogProgress(folder.log(SUPERVISOR_LOG))), announce)
        return
    record = start_in_background(folder, progress)
    endpoints = read_endpoints(folder.path)
    if endpoints is not None:
        announce(Addresses(kafka=endpoints.kafka, clickhouse=endpoints.clickhouse, http=endpoints.http))
    failing = [role.role for role in record.roles if role.state == "failing"]
    if failing:
        raise StackFailed(f"the stack is up without {', '.join(failing)}; `chatsnapshot logs {failing[0]}` shows why")


def down(data_dir: Path | None = DATA_DIR, as_json: bool = AS_JSON) -> None:
    """Stop the stack and wait until every process is gone. The data stays."""
    from chatsnapshot.embedded.background import stop_running
    from chatsnapshot.embedded.progress import progress_for

    folder = _folder(_settings(data_dir))
    stop_running(folder, progress_for(sys.stderr))
    if as_json:
        print_json({"stopped": True, "data_dir": str(folder.path)})


def status(
    data_dir: Path | None = DATA_DIR,
    completeness: bool = typer.Option(
        False, "--completeness", help="Is the record complete? Every producer instance and run, with named gaps."
    ),
    run: str | None = typer.Option(None, "--run", help="With --completeness: only this run."),
    instance: str | None = typer.Option(None, "--instance", help="With --completeness: only this producer instance."),
    tenant: str | None = typer.Option(None, "--tenant", help="With --completeness: tenant [default: the setting]."),
    all_tenants: bool = typer.Option(False, "--all-tenants", help="With --completeness: every tenant."),
    limit: int = typer.Option(20, min=1, max=1_000, help="With --completeness: rows of each table, open ones first."),
    wait_s: float = typer.Option(
        10.0, "--wait", min=0, max=3600, help="With --completeness: seconds for sequencer and sink to do what is there."
    ),
    as_json: bool = AS_JSON,
) -> None:
    """Show processes, topics with counts, lag per stage, held and quarantined events. Exit 1 unless all is well.

    With --completeness: what each producer instance numbered, and how much of it is acknowledged, recorded, held, in
    quarantine and in the tables, run by run; what is missing is named. Exit 0 when it is complete, 3 when it is open.
    """
    from chatsnapshot.cli.completeness import CompletenessOptions, show_completeness
    from chatsnapshot.cli.stack_tables import status_json, status_tables
    from chatsnapshot.embedded.status import stack_status

    options = CompletenessOptions(run, instance, tenant, all_tenants, limit, wait_s)
    if completeness:
        show_completeness(_settings(data_dir), options, as_json=as_json)
    options.check_unused()
    found = stack_status(_settings(data_dir))
    if as_json:
        print_json(status_json(found))
    else:
        for part in status_tables(found):
            console().print(part)
    if not found.is_healthy:
        raise typer.Exit(1)


def logs(
    role: str | None = typer.Argument(None, help="kafka, clickhouse, migrate, sequencer, sink, http or supervisor."),
    follow: bool = typer.Option(False, "--follow", "-f", help="Go on with new lines until Ctrl-C."),
    lines: int = typer.Option(50, "--lines", "-n", min=0, max=100_000, help="Last lines of each log."),
    data_dir: Path | None = DATA_DIR,
    as_json: bool = typer.Option(False, "--json", help="One JSON object a line: role and line."),
) -> None:
    """Print the last lines of the processes' logs."""
    from chatsnapshot.embedded.log_file import LogReader, last_lines

    paths = _log_paths(_folder(_settings(data_dir)), role)
    readers = {name: LogReader(path) for name, path in paths.items()}
    width = max(map(len, paths)) if role is None else 0

    def show(name: str, found: list[str]) -> None:
        for line in found:
            if as_json:
                print_json_line({"role": name, "line": line})
            else:
                typer.echo(f"{name:<{width}} | {line}" if width else line)

    for name, path in paths.items():
        show(name, last_lines(path, lines) if lines else [])
    while follow:
        for name, reader in readers.items():
            show(name, reader.lines())
        time.sleep(FOLLOW_POLL_S)


def open_in_browser(
    run: str | None = typer.Argument(None, help="A run id, or `last`: that run's page; none: where all runs are."),
    only_print: bool = typer.Option(False, "--print", help="Print the address, open nothing."),
    data_dir: Path | None = DATA_DIR,
    as_json: bool = AS_JSON,
) -> None:
    """Open the running stack's HTTP address in a browser, and print it."""
    import webbrowser

    url = _page(_settings(data_dir), run)
    opened = not (only_print or as_json) and webbrowser.open(url)
    if as_json:
        print_json({"url": url})
        return
    typer.echo(url)
    if not (opened or only_print):
        typer.echo("no browser could be started here: open the address above", err=True)


def doctor(data_dir: Path | None = DATA_DIR, as_json: bool = AS_JSON) -> None:
    """Check this machine and the running stack; each finding with its fix. Exit 1 when something fails."""
    from dataclasses import asdict

    from chatsnapshot.cli.stack_tables import check_line
    from chatsnapshot.embedded.doctor import examine

    failed = False
    checks = []
    for check in examine(_settings(data_dir)):
        failed = failed or check.verdict == "fail"
        checks.append(asdict(check))
        if not as_json:
            console().print(check_line(check))
    if as_json:
        print_json({"ok": not failed, "checks": checks})
    if failed:
        raise typer.Exit(1)


def _settings(data_dir: Path | None) -> Settings:
    return Settings() if data_dir is None else Settings(data_dir=data_dir)


def _folder(settings: Settings) -> Any:
    from chatsnapshot.embedded.data_folder import DataFolder

    return DataFolder(settings.data_dir.absolute())


def _log_paths(folder: Any, role: str | None) -> dict[str, Path]:
    """Name to log file, of one role or all. Raises ConfigurationError."""
    found = {path.stem: path for path in sorted(folder.logs.glob("*.log"))}
    if role is not None:
        found = {name: path for name, path in found.items() if name == role}
    if not found:
        what = f"log of {role}" if role else "logs"
        raise ConfigurationError(f"no {what} in {folder.logs}")
    return found


def _page(settings: Settings, run: str | None) -> str:
    """The address of a run, or of the list of runs. Raises StackNotRunning."""
    from urllib.parse import quote

    from chatsnapshot.cli.reading import last_run
    from chatsnapshot.connecting import http_url
    from chatsnapshot.reading import Ledger

    base = f"{http_url(settings)}/v1/runs"
    if run is None:
        return base
    run_id = last_run(Ledger.connect(settings=settings)) if run == "last" else run
    return f"{base}/{quote(run_id, safe='')}"
