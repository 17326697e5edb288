"""Kafka headers of every kind: none may decide anything, stop anything, or get lost."""

import random
from collections.abc import Iterator

from chatsnapshot_schemas import headers

KafkaHeaders = list[tuple[str, bytes | None]]


def odd_headers(choices: random.Random) -> Iterator[tuple[str, KafkaHeaders]]:
    """Name and headers; an event that has them is recorded, garbage that has them comes to quarantine with them."""
    yield "null value", [("a", None)]
    yield "empty value", [("a", b"")]
    yield "binary", [("a", choices.randbytes(300)), ("b", b"\xff\xfe\x00")]
    yield "empty name", [("", b"x")]
    # no NUL: the client ends a name there, in both directions
    yield "odd names", [("\U0001f600", b""), ("a\nb", b""), ("'\"`\\", b""), ("\u202e", None)]
    yield "one name often", [("same", str(n).encode()) for n in range(50)]
    yield "a thousand", [(f"h{n}", choices.randbytes(3)) for n in range(1_000)]
    yield "a long name", [("n" * 10_000, b"")]
    yield "a long value", [("a", choices.randbytes(50_000))]
    yield "control, of no kind we know", [(headers.CONTROL, b"stop")]
    yield "control, null", [(headers.CONTROL, None)]
    yield "control, not UTF-8", [(headers.CONTROL, b"\xff\xff")]
    # only a record without key and value is a tick: this one would be lost
    yield "tick with content", [(headers.CONTROL, headers.TICK)]
    yield "tick among others", [("a", b"b"), (headers.CONTROL, headers.TICK), (headers.CONTROL, b"x")]
    for value in (None, b"", b"garbage", b"1/0/0", b"-1/-1/-1", b"9" * 400 + b"/0/0", b"\xff/\xfe/\x00"):
        yield f"redrive {value!r:.20}", [(headers.REDRIVE, value)]
    yield (
        "quarantine's names",
        [
            (headers.QUARANTINE_REASON, b"forged"),
            (headers.QUARANTINE_DETAIL, b"\xff"),
            (headers.QUARANTINE_INPUT_EPOCH, b"not a number"),
            (headers.QUARANTINE_INPUT_PARTITION, None),
            (headers.QUARANTINE_INPUT_OFFSET, b"-9"),
            (headers.QUARANTINE_FIRST_SEEN, b"9" * 100),
        ],
    )


def empty_ticks() -> Iterator[tuple[str, bytes | None, bytes | None]]:
    """(name, key, value) of what a user may send with the tick's header and nothing in it: a tick."""
    yield "tick, empty", None, b""
    yield "tick, null", None, None


NOT_UTF8 = b"\xff\xfe name"
"""A header's name on the wire that is no UTF-8: librdkafka sends it, some clients cannot read it."""
