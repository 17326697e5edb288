"""What becomes of an event that was sent by HTTP, and what a whole request is answered. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from chatsnapshot_schemas.errors import InvalidEvent

ACCEPTED_ALL, MIXED, ACCEPTED_NONE, UNKNOWN_FATE = 202, 207, 422, 503


FIELD_CHARS_MAX = 256
"""The name of an unknown member may be anything that was sent."""
MESSAGE_CHARS_MAX = 1_000


class Fate(StrEnum):
    """What is known about one event."""

    ACCEPTED = "accepted"
    """Every in-sync replica of the broker has it."""
    REJECTED = "rejected"
    """It will never be taken: mend it."""
    UNKNOWN = "unknown"
    """It may arrive or not: send it again with the same event_id, the sequencer drops what came twice."""


class Fault(NamedTuple):
    """Why not accepted. `reason` is stable; `field` is where, `None` when it is not about the event itself."""

    reason: str
    field: str | None
    message: str

    @classmethod
    def of(cls, error: InvalidEvent) -> "Fault":
        """From an event's own error; the field stands beside the message, not in it."""
        message = str(error).removeprefix(f"{error.field}: ")
        return cls(error.code, sayable(error.field, FIELD_CHARS_MAX), sayable(message, MESSAGE_CHARS_MAX))


class Result(NamedTuple):
    """One event's fate. Ids are None where the event has none that can be read."""

    fate: Fate
    event_id: str | None
    correlation_id: str | None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class IngestAnswer:
    """Status and JSON document of the answer to one request."""

    status: int
    document: dict[str, Any]


def answer_of(results: Sequence[Result]) -> IngestAnswer:
    """202 all accepted, 207 some, 422 none; 503 as soon as one fate is unknown, because then it is to be sent again."""
    fates = Counter(result.fate for result in results)
    document: dict[str, Any] = {str(fate): fates[fate] for fate in Fate}
    status = _status(fates)
    if status in (ACCEPTED_NONE, UNKNOWN_FATE):
        document["error"] = _summary(results, Fate.UNKNOWN if status == UNKNOWN_FATE else Fate.REJECTED)
    document["results"] = [_shown(index, result) for index, result in enumerate(results)]
    return IngestAnswer(status, document)


def _status(fates: Counter[Fate]) -> int:
    if fates[Fate.UNKNOWN]:
        return UNKNOWN_FATE
    if not fates[Fate.ACCEPTED]:
        return ACCEPTED_NONE
    return MIXED if fates[Fate.REJECTED] else ACCEPTED_ALL


def _summary(results: Sequence[Result], fate: Fate) -> dict[str, str]:
    """The first fault stands for all: usually they are the same."""
    fault = next(result.fault for result in results if result.fate is fate and result.fault is not None)
    place = f"{fault.field}: " if fault.field else ""
    count = sum(1 for result in results if result.fate is fate)
    return {"code": fault.reason, "message": f"{count} of {len(results)} events {fate}: {place}{fault.message}"}


def _shown(index: int, result: Result) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "index": index,
        "status": str(result.fate),
        "event_id": result.event_id,
        "correlation_id": result.correlation_id,
    }
    if result.fault is not None:
        shown["error"] = result.fault._asdict()
    return shown


def sayable(text: str, chars_max: int) -> str:
    """What came from outside, as it may be given back: short, and Unicode."""
    return text[:chars_max].encode(errors="replace").decode()
