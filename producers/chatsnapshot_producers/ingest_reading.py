"""One event's text -> what goes to the broker, or why it is refused. No HTTP, no Kafka."""

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from chatsnapshot_producers.blobs import BlobStore
from chatsnapshot_producers.event_ids import new_event_id
from chatsnapshot_producers.ingest_result import Fate, Fault, Result, sayable
from chatsnapshot_producers.offloading import ReadEnvelope, envelope_from_large_json
from chatsnapshot_schemas.codec import encode_envelope
from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.partitioning import message_key
from chatsnapshot_schemas.reasons import Reason

ECHO_CHARS_MAX = 256
"""An id that is given back as it came is no longer than the longest that is allowed."""


@dataclass(frozen=True, slots=True)
class TenantRule:
    """Whose events these are."""

    tenant_id: str
    """Of events that name none."""
    alone: bool
    """Whether events that name another are refused."""


class Proposed(NamedTuple):
    """An event that is in order: message key and Avro body without framing, ready to be sent."""

    event_id: str
    correlation_id: str
    key: bytes
    body: bytes


def read_event(text: bytes | str, rule: TenantRule, blobs: BlobStore) -> Proposed | Result:
    """Every rule checked; a missing event_id is minted. A payload above the cap is stored in `blobs`.

    Raises BlobUnavailable: then nothing can be said about the event. ConfigurationError as `BlobStore.put`.
    """
    try:
        read = envelope_from_large_json(text, blobs.uri, tenant_id=rule.tenant_id, event_id=new_event_id())
        _check_tenant(read, rule)
        if read.content:
            blobs.put(read.content)
    except InvalidEvent as error:
        return Result(Fate.REJECTED, *_ids(text), Fault.of(error))
    envelope = read.envelope
    key = message_key(envelope.tenant_id, envelope.correlation_id)
    return Proposed(envelope.event_id, envelope.correlation_id, key, encode_envelope(envelope))


def _check_tenant(read: ReadEnvelope, rule: TenantRule) -> None:
    if rule.alone and read.envelope.tenant_id != rule.tenant_id:
        raise InvalidEvent(
            "tenant_id", f"{read.envelope.tenant_id!r}: here only {rule.tenant_id!r} is written", Reason.WRONG_TENANT
        )


def _ids(text: bytes | str) -> tuple[str | None, str | None]:
    """(event_id, correlation_id) of a refused event, as far as they can be read."""
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        return None, None
    if not isinstance(members, dict):
        return None, None
    return _echo(members.get("event_id")), _echo(members.get("correlation_id"))


def _echo(value: Any) -> str | None:
    return sayable(value, ECHO_CHARS_MAX) if isinstance(value, str) and len(value) <= ECHO_CHARS_MAX else None
