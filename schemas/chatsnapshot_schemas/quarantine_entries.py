"""Records of the quarantine topic: refused inputs with their original bytes, and marks that say how they were solved.

A refused input: the input's key, value and headers, then ours (`headers.QUARANTINE_*`), the reason among them. A mark:
the same key and place, no reason, header QUARANTINE_SOLVED, and as its value JSON that says everything once more that a
table needs. It lies in the partition of the record that it solves, and counts wherever in there it lies.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, NamedTuple, Self

from chatsnapshot_schemas import headers
from chatsnapshot_schemas.codec import decode_plain
from chatsnapshot_schemas.errors import ConfigurationError, InvalidEvent
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.reasons import Reason
from chatsnapshot_schemas.rules import check_identity

Header = tuple[str, bytes | None]
BECAUSE_CHARS_MAX = 2_000
"""A sentence or a few; the mark and the fact in the run stay small."""
_NO_NUMBER_USED = (Reason.MISROUTED, Reason.SOURCE_SEQ_JUMP)
_OURS = (
    headers.QUARANTINE_REASON,
    headers.QUARANTINE_DETAIL,
    headers.QUARANTINE_INPUT_EPOCH,
    headers.QUARANTINE_INPUT_PARTITION,
    headers.QUARANTINE_INPUT_OFFSET,
    headers.QUARANTINE_FIRST_SEEN,
)


class InputPlace(NamedTuple):
    """Where an input lies in the events topic; as text `epoch-partition-offset`, the id of its quarantine record."""

    epoch: int
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.partition}-{self.offset}"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """From its id. Raises ConfigurationError."""
        parts = text.split("-")
        if len(parts) != len(cls._fields) or not all(part.isascii() and part.isdecimal() for part in parts):
            raise ConfigurationError(f"{text!r} is not epoch-partition-offset, such as 1-3-42")
        return cls(*map(int, parts))

    def redrive_header(self) -> Header:
        """What an input that comes back from there carries."""
        return headers.REDRIVE, f"{self.epoch}/{self.partition}/{self.offset}".encode()


class Solution(StrEnum):
    """How a quarantine record was solved."""

    REDRIVEN = "redriven"
    """Sent again as a new input."""
    DUPLICATE = "duplicate"
    """The ledger had the same fact by then: nothing was sent."""
    DISCARDED = "discarded"
    """Somebody decided that it is not to be recorded."""


@dataclass(frozen=True, slots=True)
class QuarantinedInput:
    """One refused input. `headers`: the input's own; `quarantine_offset`: where it lies in the quarantine topic."""

    place: InputPlace
    quarantine_offset: int
    reason: str
    detail: str
    first_seen: int
    """Append time of the input, microseconds since 1970."""
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose event an input is, as far as its bytes say; '' where they do not."""

    tenant_id: str = ""
    correlation_id: str = ""
    event_id: str = ""
    event_type: str = ""
    source_instance: str = ""
    """Of a readable envelope whose number is used up."""
    source_seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SolvedMark:
    """Who solved a quarantine record, when and how; beside it what the refused input was."""

    solution: Solution
    by: str
    at: int
    """By the clock of whoever solved it, microseconds since 1970."""
    because: str = ""
    sent_event_id: str = ""
    sent_partition: int = -1
    sent_offset: int = -1
    """Of the new input in the events topic; -1: nothing was sent."""
    edited: tuple[str, ...] = ()
    """Fields of the envelope that are not as they came."""
    fact_event_id: str = ""
    """Of the event in the run that tells of it; '': the run is not known."""
    attempt: str = ""
    """Names the transaction: whoever lost sight of its commit finds it again."""
    quarantine_offset: int
    reason: str
    detail: str
    first_seen: int
    identity: Identity

    def to_json(self) -> bytes:
        """The value of its record."""
        return json.dumps(asdict(self), ensure_ascii=False).encode("utf-8", "surrogatepass")

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """From the value of its record; members that it does not know are left out. Raises ValueError, TypeError."""
        members = {name: value for name, value in json.loads(text).items() if name in _MARK_FIELDS}
        members["identity"] = Identity(
            **{name: value for name, value in members["identity"].items() if name in _IDENTITY_FIELDS}
        )
        return cls(**{**members, "solution": Solution(members["solution"]), "edited": tuple(members["edited"])})


_MARK_FIELDS = frozenset(field.name for field in fields(SolvedMark))
_IDENTITY_FIELDS = frozenset(field.name for field in fields(Identity))


def input_place(pairs: Iterable[tuple[str, Any]]) -> InputPlace:
    """The place that a quarantine record's headers name: the last of a name counts. Raises InvalidEvent."""
    said = dict(pairs)
    try:
        return InputPlace(*(int(_text(said[name])) for name in _OURS[2:5]))
    except (KeyError, ValueError) as error:
        raise InvalidEvent("headers", f"of a quarantine record: {error!r}") from None


def is_solved_mark(pairs: Iterable[tuple[str, Any]]) -> bool:
    """Whether a record ends a quarantined input. The sequencer gives every refused input a reason, so no input can
    pass for a mark, whatever headers it brings."""
    return headers.QUARANTINE_REASON not in dict(pairs)


def quarantined_input(
    pairs: Sequence[tuple[str, Any]], key: bytes | None, value: bytes | None, quarantine_offset: int
) -> QuarantinedInput:
    """A refused input from its record. Raises InvalidEvent when the record does not say where it came from."""
    said = dict(pairs)
    try:
        first_seen = int(_text(said.get(headers.QUARANTINE_FIRST_SEEN, b"0")))
    except ValueError as error:
        raise InvalidEvent("headers", f"of a quarantine record: {error!r}") from None
    return QuarantinedInput(
        place=input_place(pairs),
        quarantine_offset=quarantine_offset,
        reason=_text(said.get(headers.QUARANTINE_REASON)),
        detail=_text(said.get(headers.QUARANTINE_DETAIL)),
        first_seen=first_seen,
        key=key,
        value=value,
        headers=_own_headers(pairs),
    )


def solved_mark(pairs: Iterable[tuple[str, Any]], value: bytes | None) -> SolvedMark | None:
    """A mark from its record; None for one that says no more than that the input is solved."""
    if not value or headers.QUARANTINE_SOLVED not in dict(pairs):
        return None
    try:
        return SolvedMark.from_json(value)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def mark_headers(place: InputPlace, mark: SolvedMark) -> list[tuple[str, str]]:
    """Headers of a mark's record."""
    return [
        (headers.QUARANTINE_SOLVED, str(mark.solution)),
        *((name, str(number)) for name, number in zip(_OURS[2:5], place, strict=True)),
        (headers.QUARANTINE_FIRST_SEEN, str(mark.first_seen)),
    ]


def identity_of(framing: Framing, key: bytes | None, value: bytes | None, reason: str) -> Identity:
    """From the envelope where ids and source can be relied on, else tenant and run as the key says.

    `reason`: why it was refused; some refusals use up no number. Raises RegistryUnavailable.
    """
    try:
        plain = decode_plain(framing.envelope_body(value))
        check_identity(plain)
    except InvalidEvent:
        tenant_id, _, correlation_id = (key or b"").decode("utf-8", "replace").partition("/")
        return Identity(tenant_id, correlation_id) if correlation_id else Identity()
    used = plain["source_seq"] is not None and reason not in _NO_NUMBER_USED
    return Identity(
        plain["tenant_id"],
        plain["correlation_id"],
        plain["event_id"],
        plain["event_type"],
        plain["source"]["instance"] if used else "",
        plain["source_seq"] if used else 0,
    )


def _own_headers(pairs: Sequence[tuple[str, Any]]) -> tuple[Header, ...]:
    """The input's: all before ours, which are the last; an input may bring headers of the same names."""
    ours = len(pairs) - len(_OURS)
    if tuple(name for name, _ in pairs[max(ours, 0) :]) == _OURS:
        return tuple((name, _bytes(value)) for name, value in pairs[:ours])
    return tuple((name, _bytes(value)) for name, value in pairs if name not in _OURS)


def _bytes(value: Any) -> bytes | None:
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
