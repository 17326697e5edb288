"""Reason codes: stable words for why an event could not be recorded, the same on records, metrics and the API."""

from enum import StrEnum


class Reason(StrEnum):
    """Why an input record is in quarantine, or why the ingest refuses an event."""

    UNDECODABLE = "undecodable"
    """Not an envelope in Avro: bytes missing, left over, not UTF-8, or not in canonical encoding."""
    UNKNOWN_SCHEMA = "unknown_schema"
    """The framing names a schema that this version does not know."""
    INVALID_ENVELOPE = "invalid_envelope"
    """Decodable, but a field breaks its rule."""
    TOO_LARGE = "too_large"
    """A field or the payload is above its limit."""
    MISROUTED = "misrouted"
    """The partition is not the one that tenant and correlation belong to."""
    SOURCE_SEQ_JUMP = "source_seq_jump"
    """`source_seq` is further ahead than any honest gap."""
    EVENT_ID_CONFLICT = "event_id_conflict"
    """The id is taken in this correlation by another fact."""
    SELF_CAUSE = "self_cause"
    """The event names itself among its causes."""
    CAUSE_MISSING = "cause_missing"
    """Policy `strict`: the cause did not come within the bound."""
    WRONG_TENANT = "wrong_tenant"
    """Ingest only: the event names another tenant than the key belongs to."""
