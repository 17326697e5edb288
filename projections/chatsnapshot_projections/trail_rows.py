"""What the queries of timeline, audit trail and unresolved causes answer, as `query_rows` does for the others."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class SpanRow:
    """A span of a run's timeline (see sql/views/timeline.sql). Times are the producers'; order is the ledger's."""

    tenant_id: str
    correlation_id: str
    position: int
    """From 1, by the first event."""
    node_id: str
    kind: str
    name: str
    agent: str
    parent_entity_id: str
    tool_call_id: str
    status: str
    outcome: str
    attempt: int
    first_sequence_no: int
    last_sequence_no: int
    first_event_id: UUID
    last_event_id: UUID
    events: int
    spans_open: int
    """Spans that were open when it began, itself included."""
    scheduled_at: datetime | None
    started_at: datetime
    ended_at: datetime | None
    """None while it is open."""
    duration_ms: float | None
    """None while it is open, for a point, and where clocks contradict each other."""
    duration_source: str
    """reported, timestamps, or ''."""


@dataclass(frozen=True, slots=True)
class ActionRow:
    """Who did what (see sql/views/audit_trail.sql)."""

    tenant_id: str
    correlation_id: str
    sequence_no: int
    last_sequence_no: int
    recorded_at: datetime
    last_recorded_at: datetime
    event_id: UUID
    last_event_id: UUID
    record_hash: str
    """Of the first record, hexadecimal."""
    actor_kind: str
    """agent, person or service."""
    actor: str
    on_behalf_of: str
    """User of the run."""
    source_service: str
    subject_id: str | None
    action_kind: str
    """tool_call, integration_call, decision, request, handoff or lifecycle."""
    action: str
    arguments: str
    outcome: str
    error: str
    tool_call_id: str
    request_id: str
    approval_required: bool
    approval: str
    """'': none was asked for; requested: no answer yet; else the decision."""
    approved_by: str
    approval_sequence_no: int
    approved_at: datetime | None


@dataclass(frozen=True, slots=True)
class UnresolvedCauseRow:
    """A cause that an event names and the ledger does not have now."""

    tenant_id: str
    correlation_id: str
    sequence_no: int
    event_id: UUID
    event_type: str
    recorded_at: datetime
    kind: str
    """cause or caused_by."""
    cause_id: UUID
    waits_in: str
    """held, quarantine, or '': it was never seen, or somebody discarded it."""
