"""Payloads as the conventions of PAYLOADS describe them, read plainly.

A payload that breaks a convention is recorded all the same, and what the views make of it is theirs: such values are
`odd` and are not compared.
"""

import json
import re
from functools import lru_cache
from typing import Any

from chatsnapshot_schemas.event_types import primitive_of

CALLS_MAX = 256
DIGITS_MAX = 4_000
_LONE = re.compile("[\ud800-\udfff]")


@lru_cache(maxsize=100_000)
def content_of(payload: str) -> dict[str, Any]:
    """The payload's object; of equal keys the first counts, as in the tables."""
    read: dict[str, Any] = json.loads(
        payload, object_pairs_hook=lambda pairs: dict(reversed(pairs)), parse_int=number_of
    )
    return read


def number_of(text: str) -> int | float:
    """Python refuses to read whole numbers of more than 4,300 digits."""
    return int(text) if len(text) <= DIGITS_MAX else float(text)


def text_of(value: Any) -> str | None:
    """Text as the tables show it; None when it is none."""
    return _LONE.sub("\ufffd", value) if isinstance(value, str) else None


def calls_of(event_type: str, payload: str) -> list[Any]:
    """The calls of a batch, at most CALLS_MAX; empty for everything else."""
    calls = content_of(payload).get("calls")
    if primitive_of(event_type) != "execution.tool_call" or not isinstance(calls, list):
        return []
    return calls[:CALLS_MAX]


def is_whole(value: Any) -> bool:
    """A whole number, as counts of tokens must be."""
    return type(value) is int and abs(value) < 1 << 63
