"""An input's bytes as they came: what of them can be read, and themselves."""

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from chatsnapshot.rendering.printable import printable
from chatsnapshot_schemas.codec import decode_plain
from chatsnapshot_schemas.errors import InvalidEvent, RegistryUnavailable
from chatsnapshot_schemas.framing import Framing

BYTES_SHOWN = 512
BYTES_A_LINE = 16


def readable_fields(original: bytes, framing: Framing) -> tuple[dict[str, Any] | None, str]:
    """The envelope's fields, or None and why there are none: no envelope, or a registry that is away."""
    try:
        return decode_plain(framing.envelope_body(original)), ""
    except InvalidEvent as error:
        return None, f"not readable as an envelope ({error.reason})"
    except RegistryUnavailable as error:
        return None, f"not readable now: {error}"


def original_lines(original: bytes, framing: Framing) -> Iterator[Text]:
    """Lines for a terminal."""
    plain, why_not = readable_fields(original, framing)
    if plain is None:
        yield Text(why_not, "dim")
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
