"""Payload text: a JSON object, kept byte for byte; serialised, checked, and found inside a larger JSON text."""

import json
from collections.abc import Callable, Iterator
from json.decoder import JSONDecoder
from typing import Any

from pydantic_core import to_jsonable_python

from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.reasons import Reason

PAYLOAD_BYTES_MAX = 256 * 1024
"""Above it a payload goes to blob storage: one broker message must stay well below 1 MiB."""
DEPTH_MAX = 64
"""Deep enough for any tool's answer; every JSON reader down the line can still walk it without recursion trouble."""


def payload_text(payload: Any) -> str:
    """Serialise a mapping once; from here on the text is the payload. Raises InvalidEvent."""
    if payload is None:
        return "{}"
    try:
        text = _dump(payload, ensure_ascii=False)
        text.encode()
    except UnicodeEncodeError:
        text = _dump(payload, ensure_ascii=True)  # lone surrogates survive as \ud800 escapes
    return text


def _dump(payload: Any, *, ensure_ascii: bool) -> str:
    try:
        return json.dumps(
            payload,
            ensure_ascii=ensure_ascii,
            allow_nan=False,
            separators=(",", ":"),
            default=to_jsonable_python,
        )
    except UnicodeEncodeError:
        raise
    except RecursionError:
        raise InvalidEvent("payload", f"nested deeper than {DEPTH_MAX} levels, or refers to itself") from None
    except Exception as error:
        raise InvalidEvent("payload", f"cannot be written as JSON: {error}") from None


def check_payload_text(text: str) -> None:
    """Raise InvalidEvent unless `text` is a JSON object within depth and size, without NaN or Infinity."""
    if len(text) * 4 > PAYLOAD_BYTES_MAX and (size := len(text.encode())) > PAYLOAD_BYTES_MAX:
        raise InvalidEvent("payload", f"{size} bytes, at most {PAYLOAD_BYTES_MAX}", Reason.TOO_LARGE)
    check_payload_shape(text)


def check_payload_shape(text: str) -> None:
    """As `check_payload_text`, without the limit on size."""
    try:
        value = _decode(text)
    except RecursionError:
        raise InvalidEvent("payload", f"nested deeper than {DEPTH_MAX} levels", Reason.TOO_LARGE) from None
    except ValueError as error:
        raise InvalidEvent("payload", f"not JSON: {error}") from None
    if type(value) is not dict:
        raise InvalidEvent("payload", f"a JSON object is needed, not {_kind(value)}")
    # a text with few brackets cannot be deep: the walk is for the rare others
    if text.count("{") + text.count("[") > DEPTH_MAX and _depth(value) > DEPTH_MAX:
        raise InvalidEvent("payload", f"nested deeper than {DEPTH_MAX} levels", Reason.TOO_LARGE)


def member_texts(text: str) -> dict[str, str]:
    """The top-level members of a JSON object as source text, so that a payload can be kept as it was written.

    The last of several equal keys counts, as in `json.loads`. Raises ValueError.
    """
    return dict(_members(text))


def _members(text: str) -> Iterator[tuple[str, str]]:
    at = _skip(text, 0)
    if text[at : at + 1] != "{":
        raise ValueError("a JSON object is needed")
    at = _skip(text, at + 1)
    while text[at : at + 1] != "}":
        key, at = _STRICT.raw_decode(text, at)
        at = _skip(text, at)
        if not isinstance(key, str) or text[at : at + 1] != ":":
            raise ValueError(f"a key and ':' are needed at character {at}")
        start = _skip(text, at + 1)
        _, end = _STRICT.raw_decode(text, start)
        yield key, text[start:end]
        at = _skip(text, end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
            if text[at : at + 1] == "}":
                raise ValueError(f"a key is needed at character {at}")
        elif text[at : at + 1] != "}":
            raise ValueError(f"',' or '}}' is needed at character {at}")
    if _skip(text, at + 1) != len(text):
        raise ValueError(f"more text after the object at character {at + 1}")


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _decode(text: str) -> Any:
    try:
        value, end = _SCAN(text, 0)
    except StopIteration:
        return _STRICT.decode(text)
    # white space around the value is rare: the decoder's search for it costs as much as a small payload
    return value if end == len(text) else _STRICT.decode(text)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _depth(value: Any) -> int:
    deepest = 0
    stack = [(value, 1)]
    while stack:
        item, depth = stack.pop()
        deepest = max(deepest, depth)
        inner = item.values() if isinstance(item, dict) else item
        stack.extend((child, depth + 1) for child in inner if isinstance(child, dict | list))
    return deepest


def _kind(value: Any) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


# parse_int=len: a number of any length is fine as text, and Python refuses to convert beyond 4,300 digits
_STRICT = JSONDecoder(parse_constant=_refuse, parse_int=len)
_SCAN: Callable[[str, int], tuple[Any, int]] = vars(_STRICT)["scan_once"]
