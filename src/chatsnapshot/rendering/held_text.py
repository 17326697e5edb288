"""One event that waits: for what, until when, and itself."""

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from chatsnapshot.rendering.original_text import original_lines
from chatsnapshot.rendering.printable import printable
from chatsnapshot_schemas.framing import Framing


def held_lines(row: Any, original: bytes | None, framing: Framing) -> Iterator[Text]:
    """Lines for a terminal; `original` None: it was released a moment ago."""
    yield Text.assemble((str(row.event_id), "bold"), "  ", (row.event_type, "cyan"), f" in run {row.correlation_id}")
    yield Text(f"waits for {printable(row.waiting_for)}", "yellow")
    yield Text(
        f"since {row.appended_at:%Y-%m-%d %H:%M:%S} UTC, until {row.deadline:%Y-%m-%d %H:%M:%S} in stream time; "
        f"input {row.input_epoch}-{row.input_partition}-{row.input_offset}"
    )
    yield Text("")
    if original is None:
        yield Text("it was released a moment ago: `chatsnapshot show` has the run", "dim")
    else:
        yield from original_lines(original, framing)
