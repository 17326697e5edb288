"""One quarantined input: why, from where, who solved it, what of it can be read, and its bytes."""

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from chatsnapshot.rendering.original_text import original_lines
from chatsnapshot.rendering.printable import printable
from chatsnapshot.rendering.waiting_tables import quarantine_id
from chatsnapshot_schemas.framing import Framing


def quarantine_lines(row: Any, original: bytes | None, framing: Framing) -> Iterator[Text]:
    """Lines for a terminal; `original` None: the topic does not have it any more."""
    yield Text.assemble((quarantine_id(row), "bold"), "  ", (row.reason, "yellow"))
    yield Text(printable(row.detail))
    place = f"partition {row.input_partition}, offset {row.input_offset}"
    yield Text(f"first seen {row.first_seen:%Y-%m-%d %H:%M:%S} UTC in {place}")
    yield Text("")
    if original is None:
        yield Text("its bytes are not in the quarantine topic any more", "dim")
    else:
        yield from original_lines(original, framing)


def solution_lines(row: Any) -> Iterator[Text]:
    """Who solved it, when, how and why; nothing for one that waits."""
    if not getattr(row, "solution", ""):
        return
    who = f" by {printable(row.solved_by)} at {row.solved_at:%Y-%m-%d %H:%M:%S} UTC"
    yield Text.assemble((row.solution, "green"), who)
    if row.because:
        yield Text(f"because {printable(row.because)}")
    if row.sent_offset >= 0:
        edited = f", changed: {row.edited}" if row.edited else ""
        yield Text(
            f"sent as event {row.sent_event_id} of run {printable(row.correlation_id)}, input partition "
            f"{row.sent_partition}, offset {row.sent_offset}{edited}"
        )
    if row.fact_event_id:
        yield Text(f"told in the run by event {row.fact_event_id}")
    yield Text("")
