"""The result of a query as a table."""

from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from chatsnapshot.rendering.printable import count_text, printable

CELL_CHARS_MAX = 2_000
"""A payload in a cell stays readable; --json has it whole."""


def result_table(columns: list[str], rows: list[tuple[Any, ...]]) -> RenderableType:
    """Columns as ClickHouse named them, numbers to the right."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for at, name in enumerate(columns):
        numeric = bool(rows) and isinstance(rows[0][at], int | float) and not isinstance(rows[0][at], bool)
        table.add_column(printable(name), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    return Group(table, Text(count_text(len(rows), "row"), "dim"))


def _cell(value: Any) -> Text:
    if value is None:
        return Text("NULL", "dim")
    if isinstance(value, bytes):
        return Text(value.hex())
    if isinstance(value, datetime):
        return Text(value.isoformat(sep=" "))
    text = printable(str(value))
    return Text(text if len(text) <= CELL_CHARS_MAX else f"{text[: CELL_CHARS_MAX - 1]}…")
