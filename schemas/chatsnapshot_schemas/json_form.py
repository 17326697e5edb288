"""The JSON form of envelopes and ledger records.

Envelope: the seven fields of the original specification (event_id, event_type, timestamp, source{origin, runtime},
correlation_id, causation_id, payload) and, optional, the rest of DESIGN section 4. `payload_text` may stand in for
`payload`. Payloads keep their source text, byte for byte, in both directions.
"""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from chatsnapshot_schemas.envelope import EventEnvelope, PayloadRef, Source
from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.ledger_record import LedgerRecord
from chatsnapshot_schemas.payload_json import member_texts
from chatsnapshot_schemas.reasons import Reason

_FIELDS = frozenset(EventEnvelope.__slots__) | {"payload_text"}
_SOURCE_FIELDS = frozenset(Source.__slots__)
_REF_FIELDS = frozenset(PayloadRef.__slots__)
_ORIGIN_OF_FAMILY = {"execution": "agent", "system": "system", "ui": "ui", "integration": "integration"}


Shorten = Callable[[str], tuple[str, PayloadRef] | None]
"""Given a payload's text: its preview and where the whole is kept, when it is above the cap; else None."""


def origin_of(event_type: str) -> str:
    """The origin that a type's family implies."""
    return _ORIGIN_OF_FAMILY.get(event_type.split(".", 1)[0], "system")


def envelope_from_json(text: str | bytes, *, shorten: Shorten | None = None, **defaults: Any) -> EventEnvelope:
    """One envelope from its JSON form; `defaults` (`tenant_id`, `event_id`, ...) fill members that are absent.

    `shorten` is asked about every payload that comes without a `payload_ref`; without it, one above the cap is refused.

    Raises InvalidEvent naming field and limit; a member that the contract does not know is refused, never dropped.
    """
    try:
        source_text = text.decode("utf-8") if isinstance(text, bytes) else text
        members = member_texts(source_text)
    except (ValueError, RecursionError) as error:
        raise InvalidEvent("event", f"not a JSON object: {error}", Reason.UNDECODABLE) from None
    _known("event", members, _FIELDS)
    payload = _payload(members)
    values = {name: _value(name, value) for name, value in members.items() if not name.startswith("payload")}
    ref = _value("payload_ref", members["payload_ref"]) if "payload_ref" in members else None
    short = shorten(payload) if shorten is not None and ref is None else None
    if short is not None:
        return _envelope(values, defaults, *short)
    return _envelope(values, defaults, payload, None if ref is None else _ref(ref))


def _envelope(values: dict[str, Any], defaults: dict[str, Any], payload: str, ref: PayloadRef | None) -> EventEnvelope:
    values = {**defaults, **{name: value for name, value in values.items() if value is not None}}
    for name in ("event_id", "event_type", "correlation_id", "timestamp"):
        if name not in values:
            raise InvalidEvent(name, "is missing")
    _text("event_type", values["event_type"])
    return EventEnvelope(
        event_id=_text("event_id", values["event_id"]).lower(),
        correlation_id=_text("correlation_id", values["correlation_id"]),
        event_type=values["event_type"],
        timestamp=_time(values["timestamp"]),
        source=_source(values.get("source", {}), values["event_type"]),
        payload=payload,
        tenant_id=_text("tenant_id", values.get("tenant_id", "default")),
        causation_id=_lower("causation_id", values.get("causation_id")),
        causation_correlation_id=_optional_text("causation_correlation_id", values.get("causation_correlation_id")),
        caused_by=_ids(values.get("caused_by", [])),
        source_seq=values.get("source_seq"),
        subject_id=_optional_text("subject_id", values.get("subject_id")),
        headers=_headers(values.get("headers", {})),
        payload_ref=ref,
    )


def envelope_to_json(envelope: EventEnvelope, *, payload_as_text: bool = False) -> str:
    """One line of JSON; the payload's own text stands in it unchanged.

    `payload_as_text`: as the string `payload_text`, which keeps every byte, white space around the object too.
    """
    if payload_as_text:
        return _dumps(_envelope_members(envelope) | {"payload_text": envelope.payload})
    return _with_payload(_envelope_members(envelope), envelope)


def record_to_json(record: LedgerRecord) -> str:
    """One line of JSON: the record's own fields, hashes in hexadecimal, and `envelope` in its JSON form."""
    own = {
        "sequence_no": record.sequence_no,
        "recorded_at": time_text(record.recorded_at),
        "cause": record.cause,
        "gap_before": record.gap_before,
        "late": record.late,
        "hash": record.hash.hex(),
        "prev_hash": record.prev_hash.hex(),
        "input_epoch": record.input_epoch,
        "input_partition": record.input_partition,
        "input_offset": record.input_offset,
    }
    return f'{_dumps(own)[:-1]},"envelope":{envelope_to_json(record.envelope)}}}'


def time_text(time: datetime) -> str:
    """ISO 8601 in UTC with microseconds and `Z`."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _envelope_members(envelope: EventEnvelope) -> dict[str, Any]:
    source, ref = envelope.source, envelope.payload_ref
    members: dict[str, Any] = {
        "event_id": envelope.event_id,
        "event_type": envelope.event_type,
        "timestamp": time_text(envelope.timestamp),
        "source": _present({name: getattr(source, name) for name in Source.__slots__}),
        "tenant_id": envelope.tenant_id,
        "correlation_id": envelope.correlation_id,
        "causation_id": envelope.causation_id,
    }
    optional = {
        "causation_correlation_id": envelope.causation_correlation_id,
        "caused_by": list(envelope.caused_by) or None,
        "source_seq": envelope.source_seq,
        "subject_id": envelope.subject_id,
        "headers": envelope.headers or None,
        "payload_ref": ref and {name: getattr(ref, name) for name in PayloadRef.__slots__},
    }
    return members | _present(optional)


def _with_payload(members: dict[str, Any], envelope: EventEnvelope) -> str:
    if "\n" in envelope.payload or "\r" in envelope.payload:  # white space inside the object: still one line
        return _dumps(members | {"payload_text": envelope.payload})
    return f'{_dumps(members)[:-1]},"payload":{envelope.payload.strip()}}}'


def _payload(members: dict[str, str]) -> str:
    if "payload_text" in members:
        if "payload" in members:
            raise InvalidEvent("payload_text", "only one of payload and payload_text")
        return _text("payload_text", _value("payload_text", members["payload_text"]))
    text = members.get("payload", "{}")
    return "{}" if text == "null" else text


def _value(name: str, text: str) -> Any:
    """A member other than the payload. Python refuses to read whole numbers beyond 4,300 digits."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidEvent(name, f"cannot be read: {error}") from None


def _source(value: Any, event_type: str) -> Source:
    source = {} if value is None else _mapping("source", value)
    _known("source", source, _SOURCE_FIELDS)
    present = {name: _text(f"source.{name}", item) for name, item in source.items() if item is not None}
    return Source(**{"origin": origin_of(event_type), **present})  # type: ignore[arg-type]


def _ref(value: Any) -> PayloadRef:
    ref = _mapping("payload_ref", value)
    _known("payload_ref", ref, _REF_FIELDS)
    for name in _REF_FIELDS - ref.keys():
        raise InvalidEvent(f"payload_ref.{name}", "is missing")
    return PayloadRef(_text("payload_ref.uri", ref["uri"]), _text("payload_ref.sha256", ref["sha256"]), ref["bytes"])


def _time(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        time = datetime.fromisoformat(_text("timestamp", value))
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidEvent("timestamp", f"ISO 8601 is needed, not {value!r}") from None


def _ids(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise InvalidEvent("caused_by", "an array of ids is needed")
    return tuple(_text("caused_by", item).lower() for item in value)


def _headers(value: Any) -> dict[str, str]:
    return {key: _text(f"headers.{key}", item) for key, item in _mapping("headers", value).items()}


def _mapping(field: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidEvent(field, f"an object is needed, not {type(value).__name__}")
    return value


def _text(field: str, value: Any) -> str:
    if isinstance(value, uuid.UUID):
        return str(value)
    if not isinstance(value, str):
        raise InvalidEvent(field, f"text is needed, not {type(value).__name__}")
    return value


def _optional_text(field: str, value: Any) -> str | None:
    return None if value is None else _text(field, value)


def _lower(field: str, value: Any) -> str | None:
    return None if value is None else _text(field, value).lower()


def _known(field: str, members: dict[str, Any], known: frozenset[str]) -> None:
    for name in members.keys() - known:
        raise InvalidEvent(f"{field}.{name}", f"unknown; known are {', '.join(sorted(known))}")


def _present(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _dumps(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
