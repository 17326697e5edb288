"""What the queries about solving quarantine records answer, as `query_rows` does for the others."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SolvedRow:
    """A quarantined input that somebody solved. Its bytes are in the quarantine topic, at `quarantine_offset`."""

    input_epoch: int
    input_partition: int
    input_offset: int
    tenant_id: str
    correlation_id: str
    event_id: str
    event_type: str
    reason: str
    detail: str
    first_seen: datetime
    message_key: bytes
    quarantine_offset: int
    solution: str
    """redriven, duplicate or discarded."""
    solved_at: datetime
    solved_by: str
    because: str
    edited: str
    """Fields that were changed, with commas between."""
    sent_event_id: str
    sent_partition: int
    sent_offset: int
    """-1: nothing was sent."""
    fact_event_id: str


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """Where a quarantined input that waits lies, and whose it is."""

    input_epoch: int
    input_partition: int
    input_offset: int
    quarantine_offset: int
    tenant_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class KnownFactRow:
    """What an event id stands for in a run: recorded, or held now (then only ids and type are told)."""

    tenant_id: str
    correlation_id: str
    event_id: str
    event_type: str
    causation_id: str
    subject_id: str
    payload_sha256: str
    whole_sha256: str
    """Of a payload in blob storage."""
    is_held: bool
