"""EventEnvelope: what a producer proposes (DESIGN section 4)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self

from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.rules import Plain, check_envelope

Origin = Literal["agent", "system", "ui", "integration"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
UNKNOWN_SERVICE = "unknown"
"""The service of an envelope in the seven-field form, which has no such field."""


@dataclass(frozen=True, slots=True)
class Source:
    """Who reports: origin and runtime, and which start of which service."""

    origin: Origin
    runtime: str = "none"
    service: str = UNKNOWN_SERVICE
    instance: str | None = None
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class PayloadRef:
    """Where a payload above the cap is kept, and its digest."""

    uri: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class EventEnvelope:
    """One proposed fact. Constructing one checks every rule and raises InvalidEvent naming field and limit."""

    event_id: str
    correlation_id: str
    event_type: str
    timestamp: datetime
    source: Source
    payload: str = "{}"
    """A JSON object as text, kept byte for byte."""
    tenant_id: str = "default"
    causation_id: str | None = None
    causation_correlation_id: str | None = None
    caused_by: tuple[str, ...] = ()
    source_seq: int | None = None
    subject_id: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    payload_ref: PayloadRef | None = None

    def __post_init__(self) -> None:
        if self.timestamp.tzinfo is None:
            raise InvalidEvent("timestamp", "a time zone is needed")
        check_envelope(self.to_plain())

    def to_plain(self) -> Plain:
        """The Avro fields: ids as text, time as microseconds since 1970 UTC."""
        source, ref = self.source, self.payload_ref
        return {
            "event_id": self.event_id,
            "tenant_id": self.tenant_id,
            "correlation_id": self.correlation_id,
            "causation_id": self.causation_id,
            "causation_correlation_id": self.causation_correlation_id,
            "caused_by": list(self.caused_by),
            "event_type": self.event_type,
            "timestamp": micros(self.timestamp),
            "source": {
                "origin": source.origin,
                "runtime": source.runtime,
                "service": source.service,
                "instance": source.instance,
                "agent": source.agent,
            },
            "source_seq": self.source_seq,
            "subject_id": self.subject_id,
            "headers": self.headers,
            "payload": self.payload,
            "payload_ref": ref and {"uri": ref.uri, "sha256": ref.sha256, "bytes": ref.bytes},
        }

    @classmethod
    def from_plain(cls, plain: Plain) -> Self:
        """From Avro fields that were checked before (a decoder's): no rule is looked at again."""
        envelope = object.__new__(cls)
        values: dict[str, Any] = {
            **plain,
            "timestamp": moment(plain["timestamp"]),
            "source": Source(**plain["source"]),
            "caused_by": tuple(plain["caused_by"]),
            "payload_ref": PayloadRef(**plain["payload_ref"]) if plain["payload_ref"] else None,
        }
        for name, value in values.items():
            object.__setattr__(envelope, name, value)
        return envelope


def micros(time: datetime) -> int:
    """Microseconds since 1970 UTC."""
    return (time - _EPOCH) // _MICROSECOND


def moment(micros_since_epoch: int) -> datetime:
    """The UTC time of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=micros_since_epoch)
