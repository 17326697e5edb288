"""The application: every module's commands under one name, and errors as one clear line."""

import os
import sys

import typer
from pydantic import ValidationError

from chatsnapshot.cli import (
    acls,
    demo,
    evidence,
    exporting,
    held,
    prices,
    proof,
    quarantine,
    reading,
    recording,
    replay,
    schemas,
    serve,
    setup,
    spool,
    stack,
    validating,
)
from chatsnapshot.cli.first_process import end_on_sigterm
from chatsnapshot.settings import setting_errors
from chatsnapshot_schemas.errors import ChatSnapshotError

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130

PANELS = (
    ("Stack", stack, demo),
    ("Record", recording, validating, spool),
    ("Read", reading, replay, exporting),
    ("Prove", proof, evidence),
    ("Care", quarantine, held),
    ("Set up", setup, acls, schemas, prices, serve),
)


def build_app() -> typer.Typer:
    """The command line as one Typer application."""
    app = typer.Typer(
        name="chatsnapshot",
        help="A durable execution ledger for agentic and distributed systems: record, read, prove.",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(epilog="First time? Try: chatsnapshot demo")(_root)
    for _panel, *modules in PANELS:
        for module in modules:
            module.register(app)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        from chatsnapshot import __version__

        typer.echo(__version__)
        raise typer.Exit


def _root(
    version: bool = typer.Option(
        False, "--version", help="Print the version and exit.", callback=_print_version, is_eager=True
    ),
) -> None:
    pass


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code. A known failure is one line on stderr."""
    end_on_sigterm()
    try:
        typer.main.get_command(build_app()).main(args=arguments, prog_name="chatsnapshot")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else EXIT_FAILED
    except ChatSnapshotError as error:
        return _failed(str(error))
    except ValidationError as error:
        return _failed(setting_errors(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader went away (`| head`)
        return 0
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except OSError as error:
        return _failed(f"{error.strerror or error}: {error.filename}" if error.filename else str(error))
    return 0


def _failed(message: str) -> int:
    typer.echo(f"error: {message}", err=True)
    return EXIT_FAILED
