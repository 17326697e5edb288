"""One quarantined input: why, from where, what of it can be read, and its bytes."""

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from chatsnapshot.rendering.printable import printable
from chatsnapshot.rendering.waiting_tables import quarantine_id
from chatsnapshot_schemas.codec import decode_plain
from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.framing import Framing

BYTES_SHOWN = 512
BYTES_A_LINE = 16


def quarantine_lines(row: Any) -> Iterator[Text]:
    """Lines for a terminal."""
    yield Text.assemble((quarantine_id(row), "bold"), "  ", (row.reason, "yellow"))
    yield Text(printable(row.detail))
    place = f"partition {row.input_partition}, offset {row.input_offset}"
    yield Text(f"first seen {row.first_seen:%Y-%m-%d %H:%M:%S} UTC in {place}")
    original = bytes(row.original)
    yield Text("")
    try:
        plain = decode_plain(Framing().envelope_body(original))
    except InvalidEvent as error:
        yield Text(f"not readable as an envelope ({error.reason})", "dim")
    else:
        yield Text("readable fields", "bold")
        yield from (
            Text(f"  {name}: {printable(str(value))}") for name, value in plain.items() if value not in (None, [], {})
        )
    yield Text("")
    yield Text(f"original bytes ({len(original):,})", "bold")
    yield from _dump(original[:BYTES_SHOWN])
    if len(original) > BYTES_SHOWN:
        yield Text(f"  … {len(original) - BYTES_SHOWN:,} more; --json has them all, in hexadecimal", "dim")


def _dump(data: bytes) -> Iterator[Text]:
    for at in range(0, len(data), BYTES_A_LINE):
        part = data[at : at + BYTES_A_LINE]
        shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
        yield Text(f"  {at:06x}  {part.hex(' '):<{BYTES_A_LINE * 3}} {shown}", "dim")
