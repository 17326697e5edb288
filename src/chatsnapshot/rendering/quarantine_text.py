"""One quarantined input: why, from where, what of it can be read, and its bytes."""

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from chatsnapshot.rendering.original_text import original_lines
from chatsnapshot.rendering.printable import printable
from chatsnapshot.rendering.waiting_tables import quarantine_id
from chatsnapshot_schemas.framing import Framing


def quarantine_lines(row: Any, framing: Framing) -> Iterator[Text]:
    """Lines for a terminal."""
    yield Text.assemble((quarantine_id(row), "bold"), "  ", (row.reason, "yellow"))
    yield Text(printable(row.detail))
    place = f"partition {row.input_partition}, offset {row.input_offset}"
    yield Text(f"first seen {row.first_seen:%Y-%m-%d %H:%M:%S} UTC in {place}")
    yield Text("")
    yield from original_lines(bytes(row.original), framing)
