"""How commands print: JSON for machines, rich for people."""

import json
from typing import Any

import typer
from rich.console import Console

from chatsnapshot.rendering.json_values import json_value


def print_json(value: Any, *, err: bool = False) -> None:
    """One JSON document on stdout; `err`: on stderr, where stdout holds data already."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=json_value), err=err)


def print_json_line(value: Any) -> None:
    """One JSON document on one line."""
    typer.echo(json.dumps(value, ensure_ascii=False, default=json_value))


def console() -> Console:
    """Standard output for people; colours only on a terminal."""
    return Console(highlight=False)
