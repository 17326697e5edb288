"""What the answer to a request with events means for each of them. Pure: status, headers and bytes in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from chatsnapshot_producers.ingest_result import ACCEPTED_ALL, ACCEPTED_NONE, MIXED, UNKNOWN_FATE, Fate
from chatsnapshot_schemas.errors import AccessRefused, ConfigurationError

TOO_LARGE, TOO_MANY = 413, 429
UNAUTHORIZED, FORBIDDEN, NOT_FOUND, NOT_ALLOWED = 401, 403, 404, 405
BY_INDEX = frozenset({ACCEPTED_ALL, MIXED, ACCEPTED_NONE, UNKNOWN_FATE})
"""Statuses whose body may name the fate of each event."""
SAID_CHARS_MAX = 300
"""Of an answer that is not ours: enough to recognise a proxy's page."""


class Told(NamedTuple):
    """What the server says of one event; `why` it is rejected, names field and limit."""

    fate: Fate
    why: str = ""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What became of each event, in order; what is unknown is to be sent again, after `retry_after_s` if told."""

    told: list[Told]
    why_unknown: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The request was larger than the other side takes."""

    why: str


def meaning_of(status: int, headers: Mapping[str, str], body: bytes, events: int) -> Meaning | TooLarge:
    """What to do now. A person must act: AccessRefused for a wrong key, ConfigurationError for another address."""
    document = _document(body)
    results = document.get("results")
    said, retry_after_s = _said(document, status, body), _seconds(headers.get("retry-after"))
    if status in BY_INDEX and isinstance(results, list) and len(results) == events:
        return Meaning([_told(result) for result in results], said, retry_after_s)
    if status in (UNAUTHORIZED, FORBIDDEN):
        raise AccessRefused(f"the server refuses the key: {said}; set CHATSNAPSHOT_API_KEY or api_key")
    if status in (NOT_FOUND, NOT_ALLOWED) or 300 <= status < 400:
        raise ConfigurationError(f"there is no ChatSnapshot ingest at this address: {said}")
    return TooLarge(said) if status == TOO_LARGE else unknown(events, said, retry_after_s)


def unknown(events: int, why: str, retry_after_s: float | None = None) -> Meaning:
    """No answer, or one that names no event: all of them are to be sent again."""
    return Meaning([Told(Fate.UNKNOWN)] * events, why, retry_after_s)


def _told(result: Any) -> Told:
    status = result.get("status") if isinstance(result, dict) else None
    if status == Fate.ACCEPTED:
        return Told(Fate.ACCEPTED)
    if status != Fate.REJECTED:
        return Told(Fate.UNKNOWN)
    error = result.get("error")
    if not isinstance(error, dict):
        return Told(Fate.REJECTED, "no reason given")
    place = f"{error['field']}: " if error.get("field") else ""
    return Told(Fate.REJECTED, f"{place}{error.get('message', 'no reason given')} ({error.get('reason', 'rejected')})")


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _said(document: dict[str, Any], status: int, body: bytes) -> str:
    error = document.get("error")
    if isinstance(error, dict) and error.get("message"):
        return f"{status} {error.get('code', '')}: {error['message']}"
    text = " ".join(body[:SAID_CHARS_MAX].decode(errors="replace").split())
    return f"{status}: {text}" if text else f"{status}"


def _seconds(retry_after: str | None) -> float | None:
    """The header's number of seconds; its form as a date is not worth a clock that agrees."""
    return float(retry_after) if retry_after and retry_after.isdecimal() and len(retry_after) < 9 else None
