"""Payload conventions as pydantic models, one per primitive. Extra keys are allowed everywhere; nothing here refuses
an event: a payload that breaks a convention is still recorded, and projections show what they can.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class RuntimeEvent(_Open):
    """What the framework called it."""

    type: str | None = None
    id: str | None = None


class ErrorInfo(_Open):
    """What went wrong."""

    type: str | None = None
    message: str | None = None
    code: str | int | None = None
    retryable: bool | None = None


class ReportedUsage(_Open):
    """The provider's own figures."""

    input: int | None = None
    output: int | None = None
    total: int | None = None


class ProviderCost(_Open):
    """The provider's own price."""

    amount: float | str
    currency: str = "USD"


class Usage(_Open):
    """Tokens in disjoint buckets; `basis` says how they were derived from the raw figures."""

    input_uncached: int | None = None
    cache_read: int | None = None
    cache_write_5m: int | None = None
    cache_write_1h: int | None = None
    input_audio: int | None = None
    output_text: int | None = None
    output_reasoning: int | None = None
    output_audio: int | None = None
    reported: ReportedUsage | None = None
    basis: str | None = None
    scope: Literal["call", "rollup"] | None = None
    counter: Literal["delta", "cumulative"] | None = None
    series: str | None = None
    service_tier: str | None = None
    batch: bool | None = None
    provider_cost: ProviderCost | None = None
    raw: dict[str, Any] | None = None


class Payload(_Open):
    """Keys that any payload may carry."""

    runtime_event: RuntimeEvent | None = None
    response_id: str | None = None
    model: str | None = None
    provider: str | None = None
    model_call_id: str | None = None
    agent: str | None = None
    agent_run_id: str | None = None
    parent_agent_run_id: str | None = None
    attempt: int | None = None
    started_at: str | None = None
    duration_ms: float | None = None
    error: ErrorInfo | None = None
    truncated: list[str] | None = None


class Attachment(_Open):
    """A file beside a message or result."""

    id: str | None = None
    name: str | None = None
    media_type: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    uri: str | None = None


class Part(_Open):
    """One part of a message."""

    type: str
    text: str | None = None
    media_type: str | None = None
    attachment_id: str | None = None


class Reasoning(_Open):
    """What a model thought."""

    text: str | None = None
    summary: str | None = None
    opaque: str | None = None


class StructuredOutput(_Open):
    """A value that follows a schema."""

    schema_: str | dict[str, Any] | None = Field(default=None, alias="schema")
    value: Any = None


class Message(Payload):
    """`execution.message`. Deltas are never events; an abort writes `partial: true` with what came."""

    message_id: str | None = None
    role: Literal["user", "assistant", "system", "tool"] | None = None
    recipient: str | None = None
    content: str | None = None
    parts: list[Part] | None = None
    attachments: list[Attachment] | None = None
    reasoning: list[Reasoning] | None = None
    structured_output: StructuredOutput | None = None
    tool_call_ids: list[str] | None = None
    finish_reason: str | None = None
    partial: bool | None = None
    first_token_ms: float | None = None
    usage: Usage | None = None


class ToolCall(Payload):
    """`execution.tool_call`: the model asked. A batch may come as `calls`, one item a call."""

    tool_call_id: str | None = None
    name: str | None = None
    tool_type: Literal["function", "builtin", "mcp", "agent"] | None = None
    executed_by: str | None = None
    mcp_server: str | None = None
    arguments: Any = None
    arguments_text: str | None = None
    batch_id: str | None = None
    index: int | None = None
    approval_required: bool | None = None
    child_correlation_id: str | None = None
    calls: list[dict[str, Any]] | None = None


class ToolResult(Payload):
    """`execution.tool_result`; pairs with its call on (correlation, agent_run_id, tool_call_id, attempt)."""

    tool_call_id: str | None = None
    name: str | None = None
    status: Literal["ok", "error", "denied", "cancelled", "not_found", "abandoned"] | None = None
    output: Any = None
    parts: list[Part] | None = None
    attachments: list[Attachment] | None = None
    batch_id: str | None = None
    index: int | None = None


class StateChange(Payload):
    """`execution.state_change`: `kind` is one of PAYLOADS.md or free."""

    kind: str | None = None
    request_id: str | None = None
    prompt: str | None = None
    options: list[Any] | None = None
    tool_call_id: str | None = None
    from_agent: str | None = None
    to_agent: str | None = None
    reason: str | None = None
    child_correlation_id: str | None = None
    usage: Usage | None = None


class ForkedFrom(_Open):
    """Where a run branched off."""

    correlation_id: str
    sequence_no: int | None = None


class WorkflowEvent(Payload):
    """`system.workflow_event`: a run's status comes only from the entity without a parent."""

    entity: Literal["run", "workflow", "task", "node", "agent"] | None = None
    entity_id: str | None = None
    parent_entity_id: str | None = None
    name: str | None = None
    phase: (
        Literal["scheduled", "started", "paused", "resumed", "completed", "failed", "cancelled", "skipped"] | None
    ) = None
    depends_on: list[str] | None = None
    workflow_name: str | None = None
    user_id: str | None = None
    forked_from: ForkedFrom | None = None


class Interaction(Payload):
    """`ui.interaction`."""

    action: str | None = None
    request_id: str | None = None
    decision: Literal["approve", "reject", "edit", "answer"] | None = None
    answer: Any = None
    values: dict[str, Any] | None = None
    user_id: str | None = None
    channel: str | None = None


class IntegrationCall(Payload):
    """`integration.call`: an API that was triggered here is `in`."""

    call_id: str | None = None
    phase: Literal["started", "completed", "failed"] | None = None
    direction: Literal["in", "out"] | None = None
    service: str | None = None
    operation: str | None = None
    method: str | None = None
    url: str | None = None
    status_code: int | None = None
    request: Any = None
    response: Any = None


MODELS: dict[str, type[Payload]] = {
    "execution.message": Message,
    "execution.tool_call": ToolCall,
    "execution.tool_result": ToolResult,
    "execution.state_change": StateChange,
    "system.workflow_event": WorkflowEvent,
    "ui.interaction": Interaction,
    "integration.call": IntegrationCall,
}
"""The model of each primitive."""
