"""What to do about a broken rule, by field and reason."""

from chatsnapshot_schemas.event_types import type_named
from chatsnapshot_schemas.reasons import Reason

_BY_FIELD = {
    "event_id": "a lower-case UUID of your own: UUIDv7, or UUIDv5 of a natural key, so that sending twice is one "
    "event; only POST /v1/events and record() make one up",
    "event_type": "execution, system, ui or integration, a dot, and lower-case words, such as execution.message",
    "timestamp": 'ISO 8601 with a zone, such as "2026-01-31T12:00:00.000Z"',
    "correlation_id": "the id of the run, workflow or session, the same on all of its events",
    "tenant_id": "letters, digits, dot, underscore and hyphen; leave it out for the default tenant",
    "source.origin": "one of agent, system, ui, integration; leave it out and the event type decides",
    "source.instance": "an id that is unique for every start of the producer; leave it out together with source_seq",
    "source": 'an object, such as {"origin": "agent", "runtime": "custom", "service": "refunds"}',
    "source_seq": "0, 1, 2, ... per instance and run; leave it out when you do not count",
    "causation_id": "the event_id of the event that caused this one, or null",
    "causation_correlation_id": "leave it out, or set causation_id, too",
    "caused_by": "further event_ids, beside a causation_id",
    "subject_id": "one id as text, or leave it out",
    "headers": "an object of texts: at most 32 entries and 8 KiB",
    "payload_ref.sha256": "the SHA-256 of the full payload, 64 lower-case hexadecimal digits",
    "payload_ref": "uri, sha256 and bytes of the full payload; leave it out unless the payload is kept elsewhere",
    "payload_text": "the payload's JSON text as one string, instead of payload",
    "payload": "one JSON object within 64 levels, without NaN or Infinity",
    "line": "one envelope a line; keep large content out of the envelope (payload_ref)",
    "value": "an Avro value of this version's schema: `chatsnapshot schema show envelope`",
    "envelope": "the canonical Avro encoding of `chatsnapshot schema show envelope`, nothing behind it",
}
_UNKNOWN_MEMBER = "take it out, or move it into payload (content) or headers (short texts)"


def fix_for(field: str, reason: Reason, value: object = None) -> str:
    """One line for a person; `value` is what stands in the field, where that is known."""
    if reason is Reason.SELF_CAUSE:
        return "an event cannot cause itself: name the event before it, or nothing"
    if field == "event" and reason is Reason.UNDECODABLE:
        return "one JSON object in UTF-8"
    if field.startswith("event."):
        return _UNKNOWN_MEMBER
    if field == "event_type" and isinstance(value, str) and (named := type_named(value)) != value:
        return f"write {named}, which {value} stands for"
    found = field
    while found and found not in _BY_FIELD:
        found = found.rpartition(".")[0]
    return _BY_FIELD.get(found, "see `chatsnapshot schema show envelope`")
