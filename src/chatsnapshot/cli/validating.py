"""`validate`: would these envelopes be recorded?"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer
from rich.text import Text

from chatsnapshot.cli.output import console, print_json
from chatsnapshot.cli.waiting import progress_line
from chatsnapshot.rendering.printable import count_text, printable
from chatsnapshot.settings import Settings

if TYPE_CHECKING:
    from chatsnapshot.validation.findings import Finding, Tally

STDIN = "-"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "validate",
        rich_help_panel="Record",
        epilog="Examples:  chatsnapshot validate events.ndjson   |   cat event.json | chatsnapshot validate -   |   "
        "chatsnapshot validate events.ndjson --json",
    )(validate)


def validate(
    file: str = typer.Argument(help="NDJSON, a JSON array or object, or Avro values; `-` is standard input."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Errors only: no warnings about payload conventions."),
    as_json: bool = typer.Option(False, "--json", help="Machine-readable findings."),
) -> None:
    """Check envelopes in a file, every one and every field, as the ledger would; nothing is sent.

    Each problem comes with its line (Avro: byte), field, reason code and a fix. Payloads that do not follow the
    conventions are warned about: they are recorded all the same. Exit code 1: something would be refused.
    """
    from chatsnapshot.validation.file_check import check_file
    from chatsnapshot.validation.findings import Tally
    from chatsnapshot_schemas.registry import framing_with

    name = "stdin" if file == STDIN else file
    tally = Tally()
    with _opened(file) as opened, progress_line(quiet=not sys.stderr.isatty()) as told:
        for found in check_file(opened, framing_with(Settings().schema_registry_url)):
            shown = [each for each in found if each.severity == "error" or not quiet]
            tally.add(shown)
            told(f"checking {name}: {tally.events:,} events")
            if not as_json:
                for finding in shown:
                    _print(name, finding)
    if as_json:
        print_json(_document(name, tally))
    else:
        typer.echo(_summary(tally))
    if tally.invalid:
        raise typer.Exit(1)


def _print(name: str, finding: "Finding") -> None:
    is_error = finding.severity == "error"
    line = Text.assemble(
        (f"{name}:{finding.place}: ", "bold"),
        (finding.severity, "red" if is_error else "yellow"),
        f": {printable(finding.field)}: {printable(finding.message)} ",
        (f"[{finding.reason}]", "dim"),
    )
    console().print(line, soft_wrap=True)
    console().print(Text(f"    fix: {finding.fix}", "dim"), soft_wrap=True)


def _document(name: str, tally: "Tally") -> dict[str, object]:
    return {
        "file": name,
        "events": tally.events,
        "valid": tally.events - tally.invalid,
        "invalid": tally.invalid,
        "errors": tally.errors,
        "warnings": tally.warnings,
        "findings": [finding.as_dict() for finding in tally.findings],
        "findings_left_out": tally.errors + tally.warnings - len(tally.findings),
    }


def _summary(tally: "Tally") -> str:
    line = f"{count_text(tally.events, 'event')}, {tally.events - tally.invalid:,} valid"
    if tally.invalid:
        line += f", {tally.invalid:,} would be refused"
    return f"{line}, {count_text(tally.warnings, 'warning')}" if tally.warnings else line


@contextmanager
def _opened(file: str) -> Iterator[BufferedReader]:
    if file == STDIN:
        yield cast("BufferedReader", sys.stdin.buffer)
        return
    with Path(file).open("rb") as opened:
        yield opened
