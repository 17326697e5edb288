"""Tables of what waits: for a person (quarantine) or for its cause (held)."""

from collections.abc import Iterable
from typing import Any

from rich.table import Table
from rich.text import Text

from chatsnapshot.rendering.printable import one_line


def quarantine_id(row: Any) -> str:
    """How a quarantined input is called: epoch-partition-offset."""
    return f"{row.input_epoch}-{row.input_partition}-{row.input_offset}"


def quarantine_table(rows: Iterable[Any]) -> Table:
    """Rows of view `quarantine`."""
    table = _table("id", "reason", "run", "type", "first seen (UTC)", "detail")
    for row in rows:
        table.add_row(
            Text(quarantine_id(row), "bold"),
            Text(row.reason, "yellow"),
            one_line(row.correlation_id, 40),
            one_line(row.event_type, 40),
            f"{row.first_seen:%Y-%m-%d %H:%M:%S}",
            one_line(row.detail, 160),
        )
    return table


def solved_table(rows: Iterable[Any]) -> Table:
    """Rows of view `quarantine_solved`."""
    table = _table("id", "reason", "run", "solution", "by", "at (UTC)", "because")
    for row in rows:
        table.add_row(
            Text(quarantine_id(row), "bold"),
            Text(row.reason, "yellow"),
            one_line(row.correlation_id, 40),
            Text(row.solution, "green"),
            one_line(row.solved_by, 40),
            f"{row.solved_at:%Y-%m-%d %H:%M:%S}",
            one_line(row.because, 160),
        )
    return table


def held_table(rows: Iterable[Any]) -> Table:
    """Rows of view `held`."""
    table = _table("run", "event", "type", "waits for", "since (UTC)", "until (stream time)")
    for row in rows:
        table.add_row(
            Text(one_line(row.correlation_id, 40), "bold"),
            str(row.event_id),
            one_line(row.event_type, 40),
            one_line(row.waiting_for, 80),
            f"{row.appended_at:%Y-%m-%d %H:%M:%S}",
            f"{row.deadline:%Y-%m-%d %H:%M:%S}",
        )
    return table


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in names:
        table.add_column(name, overflow="fold")
    return table
