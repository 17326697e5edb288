"""What a caller wants to record, as far as it does not depend on the event's number."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from chatsnapshot_producers.causes import CausationFields
from chatsnapshot_producers.numbering import Counter
from chatsnapshot_producers.offloading import LargePayload
from chatsnapshot_schemas.envelope import EventEnvelope, Origin, Source
from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.partitioning import message_key
from chatsnapshot_schemas.payload_json import payload_text


@dataclass(slots=True)
class Draft:
    """The fields of an envelope to be."""

    tenant_id: str
    correlation_id: str
    event_id: str
    event_type: str
    timestamp: datetime
    origin: Origin
    runtime: str
    service: str
    agent: str | None
    causation: CausationFields
    subject_id: str | None
    headers: dict[str, str]
    payload: str
    large: LargePayload | None = None
    """Set when the payload is above the cap; `payload` is its preview then."""

    @property
    def key(self) -> bytes:
        """The message key of its correlation. Raises InvalidEvent for text that is not Unicode."""
        try:
            return message_key(self.tenant_id, self.correlation_id)
        except UnicodeEncodeError:
            raise InvalidEvent("correlation_id", "no lone surrogates") from None

    def numbered(self, counter: Counter) -> EventEnvelope:
        """The envelope under the counter's next number, every rule checked. Raises InvalidEvent."""
        causation = self.causation
        return EventEnvelope(
            event_id=self.event_id,
            correlation_id=self.correlation_id,
            event_type=self.event_type,
            timestamp=self.timestamp,
            source=Source(self.origin, self.runtime, self.service, counter.instance, self.agent),
            payload=self.payload,
            tenant_id=self.tenant_id,
            causation_id=causation.causation_id,
            causation_correlation_id=causation.causation_correlation_id,
            caused_by=causation.caused_by,
            source_seq=counter.next,
            subject_id=self.subject_id,
            headers=self.headers,
            payload_ref=None if self.large is None else self.large.ref,
        )


def as_payload(payload: Any) -> str:
    """The payload's text: mappings, pydantic models and dataclasses are serialised once, a str is JSON text already.

    Raises InvalidEvent.
    """
    return payload if isinstance(payload, str) else payload_text(payload)


def as_id(field: str, value: Any) -> str:
    """An id as text: a UUID or a str. Raises InvalidEvent."""
    if isinstance(value, UUID):
        return str(value)
    if not isinstance(value, str):
        raise InvalidEvent(field, f"text is needed, not {type(value).__name__}")
    return value


def as_time(value: datetime | str | None) -> datetime:
    """A time with its zone; None is now, text is ISO 8601. Raises InvalidEvent."""
    if value is None:
        return datetime.now(UTC)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise InvalidEvent("timestamp", f"ISO 8601 is needed, not {value!r}") from None
    if not isinstance(value, datetime):
        raise InvalidEvent("timestamp", f"a datetime is needed, not {type(value).__name__}")
    return value


def as_headers(value: Mapping[str, str] | None) -> dict[str, str]:
    """Headers as a dict. Raises InvalidEvent."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidEvent("headers", f"a mapping is needed, not {type(value).__name__}")
    return dict(value)
