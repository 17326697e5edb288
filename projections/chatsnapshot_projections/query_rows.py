"""What the named queries answer: one frozen class a row, fields named as the columns. Absent text is ''."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypedDict
from uuid import UUID


class PayloadRefColumns(TypedDict):
    """`ledger.payload_ref`: all None when there is no reference."""

    uri: str | None
    sha256: str | None
    bytes: int | None


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run in a list. `costs`: amount by currency, of what has a price; `unpriced_lines` says what has none."""

    tenant_id: str
    correlation_id: str
    status: str
    """running, completed or failed."""
    phase: str
    """The last one recorded of the entity without a parent; '' when no lifecycle was recorded."""
    workflow_name: str
    user_id: str
    events: int
    messages: int
    missing: int
    """Source numbers that are missing now."""
    costs: dict[str, Decimal]
    tokens: int
    unpriced_lines: int
    first_recorded_at: datetime
    last_recorded_at: datetime
    first_timestamp: datetime
    last_timestamp: datetime
    services: list[str]
    runtimes: list[str]
    agents: list[str]


@dataclass(frozen=True, slots=True)
class EventRow:
    """A ledger record, every column of `ledger` and its primitive."""

    hash: bytes
    prev_hash: bytes
    sequence_no: int
    recorded_at: datetime
    input_epoch: int
    input_partition: int
    input_offset: int
    gap_before: int
    late: bool
    cause: str
    event_id: UUID
    tenant_id: str
    correlation_id: str
    causation_id: UUID | None
    causation_correlation_id: str | None
    caused_by: list[UUID]
    event_type: str
    timestamp: datetime
    source_origin: str
    source_runtime: str
    source_service: str
    source_instance: str | None
    source_agent: str | None
    source_seq: int | None
    subject_id: str | None
    headers: dict[str, str]
    payload: str
    payload_ref: PayloadRefColumns
    primitive: str


@dataclass(frozen=True, slots=True)
class RunItemRow:
    """A row of `run_items` or of its view `transcript` (see sql/projections/run_items.sql)."""

    tenant_id: str
    correlation_id: str
    sequence_no: int
    ordinal: int
    recorded_at: datetime
    timestamp: datetime
    event_id: UUID
    event_type: str
    primitive: str
    item_type: str
    runtime_event_type: str
    role: str
    agent: str
    agent_run_id: str
    recipient: str
    user_id: str
    model: str
    content_text: str
    reasoning_text: str
    structured_output: str
    tool_call_id: str
    tool_name: str
    tool_type: str
    attempt: int
    batch_id: str
    call_index: int
    call_arguments: str
    call_output: str
    call_status: str
    error_text: str
    attachments: str
    request_id: str
    response_id: str
    message_id: str
    finish_reason: str
    approval_required: bool
    partial: bool
    truncated: bool


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A node of a run's graph (see sql/views/workflow_nodes.sql)."""

    tenant_id: str
    correlation_id: str
    node_id: str
    kind: str
    name: str
    agent: str
    parent_entity_id: str
    phase: str
    status: str
    """scheduled, running, paused, completed, failed, cancelled, skipped, or recorded: it happened at once."""
    outcome: str
    attempt: int
    first_sequence_no: int
    last_sequence_no: int
    first_event_id: UUID
    last_event_id: UUID
    started_at: datetime
    ended_at: datetime | None
    events: int


@dataclass(frozen=True, slots=True)
class EdgeRow:
    """An edge of a run's graph (see sql/views/workflow_edges.sql). A node or number of another run is '' or 0."""

    tenant_id: str
    correlation_id: str
    kind: str
    """cause, caused_by, call_result, depends_on, parent, handoff, fork or external."""
    from_node: str
    to_node: str
    from_event_id: UUID | None
    to_event_id: UUID | None
    from_sequence_no: int
    to_sequence_no: int
    from_correlation_id: str
    to_correlation_id: str
    resolved: bool


@dataclass(frozen=True, slots=True)
class ChargeRow:
    """A usage line that counts, with the price in force. Unpriced: amount and price None, price_id ''."""

    tenant_id: str
    correlation_id: str
    sequence_no: int
    ordinal: int
    recorded_at: datetime
    event_id: UUID
    agent: str
    agent_run_id: str
    provider: str
    model: str
    model_call_id: str
    attempt: int
    service_tier: str
    batch: bool
    bucket: str
    tokens: int
    priced_as: str
    """What the price was looked up for: `provider/model[/tier][/batch]`."""
    price_id: str
    price_per_million: Decimal | None
    currency: str
    amount: Decimal | None
    unpriced: bool
    provider_cost_amount: Decimal | None
    provider_cost_currency: str


@dataclass(frozen=True, slots=True)
class BillingRow:
    """What a run costs in one currency; currency '': its usage without a price, amount None."""

    tenant_id: str
    correlation_id: str
    currency: str
    amount: Decimal | None
    tokens: int
    input_tokens: int
    output_tokens: int
    model_calls: int
    lines: int
    unpriced_lines: int
    unpriced_tokens: int
    models: list[str]


@dataclass(frozen=True, slots=True)
class DayBillRow:
    """What a model costs on one UTC day in one currency; currency '': its usage without a price, amount None."""

    tenant_id: str
    day: date
    provider: str
    model: str
    service_tier: str
    batch: bool
    currency: str
    amount: Decimal | None
    tokens: int
    input_tokens: int
    output_tokens: int
    model_calls: int
    runs: int
    lines: int
    unpriced_lines: int
    unpriced_tokens: int


@dataclass(frozen=True, slots=True)
class GapRow:
    """Source numbers missing_from to missing_to, both included; `missing` of them are missing, at most."""

    tenant_id: str
    correlation_id: str
    source_instance: str
    missing_from: int
    missing_to: int
    missing: int
    before_sequence_no: int
    """The record that follows; 0 when that number is in quarantine."""
    noticed_at: datetime


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """An input that could not be recorded, with its bytes as they came."""

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
    original: bytes
    quarantine_offset: int


@dataclass(frozen=True, slots=True)
class HeldRow:
    """An event that waits for a cause or predecessor."""

    input_epoch: int
    input_partition: int
    input_offset: int
    tenant_id: str
    correlation_id: str
    event_id: str
    event_type: str
    waiting_for: str
    appended_at: datetime
    deadline: datetime
    state_offset: int
