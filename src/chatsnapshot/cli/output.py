"""How commands print: JSON for machines, rich for people."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import typer
from rich.console import Console

from chatsnapshot_schemas.json_form import time_text


def print_json(value: Any) -> None:
    """One JSON document on stdout; times in UTC, decimals as text (no digit is lost)."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=json_value))


def print_json_line(value: Any) -> None:
    """One JSON document on one line."""
    typer.echo(json.dumps(value, ensure_ascii=False, default=json_value))


def json_value(value: Any) -> Any:
    """What JSON lacks: times, decimals, ids, bytes (hexadecimal)."""
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"not JSON: {type(value).__name__}")


def console() -> Console:
    """Standard output for people; colours only on a terminal."""
    return Console(highlight=False, soft_wrap=False)
