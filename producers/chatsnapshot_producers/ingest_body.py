"""A request's body -> the texts of its events. Pure: bytes in, texts out.

JSON: one envelope, or an array of them; NDJSON: one envelope a line, empty lines are skipped. Only the outer shape is
looked at here: what stands inside an event is that event's own matter, so that a bad one does not take others along.
"""

import re
from collections.abc import Iterator
from enum import Enum
from json.decoder import JSONDecoder
from typing import Any

from chatsnapshot_schemas.errors import InvalidEvent, UnsupportedMedia
from chatsnapshot_schemas.reasons import Reason

JSON_TYPES = ("application/json",)
LINES_TYPES = ("application/x-ndjson", "application/jsonl", "application/ndjson", "application/x-jsonlines")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_NOT_EMPTY_LINE = re.compile(rb"[^\n]+")
_SPACE = " \t\r\n"


class BodyForm(Enum):
    """How the events lie in a body."""

    JSON = "json"
    LINES = "lines"


def body_form(content_type: str | None) -> BodyForm:
    """From the Content-Type; none is JSON. Raises UnsupportedMedia."""
    media = (content_type or JSON_TYPES[0]).partition(";")[0].strip().lower()
    if media in JSON_TYPES:
        return BodyForm.JSON
    if media in LINES_TYPES:
        return BodyForm.LINES
    raise UnsupportedMedia(
        f"Content-Type {media!r} is not taken: application/json for an event or an array of events, "
        "application/x-ndjson for one event a line"
    )


def event_texts(body: bytes, form: BodyForm, events_max: int) -> list[bytes | str]:
    """The text of each event, in order; at least one.

    Raises InvalidEvent about the `body`: `too_large` for more than `events_max`, `undecodable` when there is none, or
    when an array cannot be taken apart.
    """
    body = body.removeprefix(BYTE_ORDER_MARK)
    found: list[bytes | str] = []
    for text in _lines(body, events_max) if form is BodyForm.LINES else _json_values(body):
        if len(found) == events_max:
            raise _too_many(events_max)
        found.append(text)
    if not found:
        raise InvalidEvent("body", "there is no event in it", Reason.UNDECODABLE)
    return found


def _lines(body: bytes, events_max: int) -> Iterator[bytes]:
    # lines of nothing but spaces count too: a body full of them would keep a processor busy
    for number, line in enumerate(_NOT_EMPTY_LINE.finditer(body)):
        if number == 2 * events_max:
            raise _too_many(events_max)
        if text := line.group().strip():
            yield text


def _json_values(body: bytes) -> Iterator[bytes | str]:
    stripped = body.strip()
    if not stripped.startswith(b"["):
        if stripped:
            yield stripped
        return
    try:
        yield from _elements(stripped.decode())
    except (ValueError, RecursionError) as error:
        raise InvalidEvent("body", f"not a JSON array: {error}", Reason.UNDECODABLE) from None


def _elements(text: str) -> Iterator[str]:
    """The source text of each element. Raises ValueError, RecursionError."""
    at = _skip(text, 1)
    if text[at : at + 1] == "]":
        return _end(text, at)
    while True:
        _, end = _LENIENT.raw_decode(text, at)
        yield text[at:end]
        at = _skip(text, end)
        if text[at : at + 1] == "]":
            return _end(text, at)
        if text[at : at + 1] != ",":
            raise ValueError(f"',' or ']' is needed at character {at}")
        at = _skip(text, at + 1)


def _end(text: str, at: int) -> None:
    if _skip(text, at + 1) != len(text):
        raise ValueError(f"more text after the array at character {at + 1}")


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _too_many(events_max: int) -> InvalidEvent:
    return InvalidEvent("body", f"more than {events_max:,} events; send them in several requests", Reason.TOO_LARGE)


def _nothing(_: str) -> Any:
    return None


# finds where an element ends, whatever is wrong inside it: reading the element itself is strict
_LENIENT = JSONDecoder(parse_constant=_nothing, parse_int=_nothing, parse_float=_nothing, strict=False)
