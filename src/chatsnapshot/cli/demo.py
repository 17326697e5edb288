"""`demo`: see it work."""

import os
import sys
import time
from pathlib import Path

import typer

from chatsnapshot.cli.output import console
from chatsnapshot.settings import Settings

POLL_S = 0.5


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "demo",
        rich_help_panel="Stack",
        epilog="Examples:  chatsnapshot demo   |   chatsnapshot demo --once --data-dir ./ledger",
    )(demo)


def demo(
    once: bool = typer.Option(False, "--once", help="End by itself. Exit 0: exactly the planted faults were found."),
    data_dir: Path | None = typer.Option(
        None, "--data-dir", help="Folder of the stack's data; default: CHATSNAPSHOT_DATA_DIR."
    ),
    keep: bool = typer.Option(False, "--keep", help="With --once: a stack that was started for this goes on running."),
) -> None:
    """Record a live multi-agent run, read it back, prove it. Starts the stack when none is running."""
    from chatsnapshot.demo.own_stack import is_running, stack_for_demo
    from chatsnapshot.demo.performance import perform
    from chatsnapshot.embedded.progress import progress_for

    if data_dir is not None:  # for the recorders, and for the stack that is started
        os.environ["CHATSNAPSHOT_DATA_DIR"] = str(data_dir.absolute())
    settings, out, progress = Settings(), console(), progress_for(sys.stderr)
    found_running = is_running(settings)
    with stack_for_demo(settings, progress, keep=once and keep) as hold_s:
        as_planted = perform(settings, hold_s, out, progress, stack_stays=found_running or keep or not once)
        if not once and not found_running:
            out.print("\nThe stack stays up; Ctrl-C stops it.")
            _wait_for_the_end(settings)
    raise typer.Exit(0 if as_planted else 1)


def _wait_for_the_end(settings: Settings) -> None:
    """Until Ctrl-C, or until the stack was stopped from elsewhere."""
    from chatsnapshot.demo.own_stack import is_running

    try:
        while is_running(settings):
            time.sleep(POLL_S)
    except KeyboardInterrupt:
        return
