"""Payload conventions as pydantic models, one per primitive. Extra keys are allowed everywhere; nothing here refuses
an event: a payload that breaks a convention is still recorded, and projections show what they can.
"""

from typing import Any, Literal

from chatsnapshot_schemas.payload_parts import Attachment, Open, Part, Payload, Reasoning, StructuredOutput, Usage


class Message(Payload):
    """`execution.message`. Deltas are never events; an abort writes `partial: true` with what came."""

    message_id: str | None = None
    """The runtime's id."""
    role: Literal["user", "assistant", "system", "tool"] | None = None
    """Who speaks."""
    recipient: str | None = None
    """Whom it is for."""
    content: str | None = None
    """Plain text."""
    parts: list[Part] | None = None
    """Text, images and files in their order."""
    attachments: list[Attachment] | None = None
    """Files beside it."""
    reasoning: list[Reasoning] | None = None
    """What the model thought."""
    structured_output: StructuredOutput | None = None
    """A value that follows a schema."""
    tool_call_ids: list[str] | None = None
    """Ids only: the calls are events of their own."""
    finish_reason: str | None = None
    """Why the model stopped."""
    partial: bool | None = None
    """True: it was broken off."""
    first_token_ms: float | None = None
    """From the request to the first token."""
    usage: Usage | None = None
    """Tokens of the model call that made it."""


class ToolCall(Payload):
    """`execution.tool_call`: the model asked. A batch may come as `calls`, one item a call."""

    tool_call_id: str | None = None
    """Pairs it with its result."""
    name: str | None = None
    """Of the tool."""
    tool_type: Literal["function", "builtin", "mcp", "agent"] | None = None
    """What kind of tool."""
    executed_by: str | None = None
    """Who runs it."""
    mcp_server: str | None = None
    """Of an MCP tool."""
    arguments: Any = None
    """JSON."""
    arguments_text: str | None = None
    """What came instead, when it is no JSON."""
    batch_id: str | None = None
    """Calls that were asked for at once."""
    index: int | None = None
    """Place in its batch."""
    approval_required: bool | None = None
    """Whether a person has to agree first."""
    child_correlation_id: str | None = None
    """The run that the call started."""
    calls: list[dict[str, Any]] | None = None
    """Several calls in one event, each with these keys: one row a call."""


class ToolResult(Payload):
    """`execution.tool_result`; pairs with its call on (correlation, agent_run_id, tool_call_id, attempt)."""

    tool_call_id: str | None = None
    """Of the call that it answers."""
    name: str | None = None
    """Of the tool."""
    status: Literal["ok", "error", "denied", "cancelled", "not_found", "abandoned"] | None = None
    """How it ended."""
    output: Any = None
    """Text or JSON."""
    parts: list[Part] | None = None
    """Text, images and files in their order."""
    attachments: list[Attachment] | None = None
    """Files beside it."""
    batch_id: str | None = None
    """Of the call."""
    index: int | None = None
    """Of the call."""


class StateChange(Payload):
    """`execution.state_change`: `kind` says what changed.

    Known kinds: input.requested, approval.requested, handoff, tool.started, model.started, reasoning,
    structured_output, usage, retry, error, checkpoint, history.replaced, compaction, state. Any other is kept.
    """

    kind: str | None = None
    """One of the known kinds, or free."""
    request_id: str | None = None
    """Of a question to a person; the answer names it too."""
    prompt: str | None = None
    """The question."""
    options: list[Any] | None = None
    """What may be answered."""
    tool_call_id: str | None = None
    """The call that it is about."""
    from_agent: str | None = None
    """Who hands over."""
    to_agent: str | None = None
    """Who takes over."""
    reason: str | None = None
    """Why."""
    child_correlation_id: str | None = None
    """The run that it started."""
    usage: Usage | None = None
    """Tokens, where they come apart from a message."""


class ForkedFrom(Open):
    """Where a run branched off."""

    correlation_id: str
    """The other run."""
    sequence_no: int | None = None
    """The last number that both share."""


class WorkflowEvent(Payload):
    """`system.workflow_event`: a run's status comes only from the entity without a parent."""

    entity: Literal["run", "workflow", "task", "node", "agent"] | None = None
    """What began or ended."""
    entity_id: str | None = None
    """Its id inside the run."""
    parent_entity_id: str | None = None
    """What it is a part of."""
    name: str | None = None
    """For people."""
    phase: (
        Literal["scheduled", "started", "paused", "resumed", "completed", "failed", "cancelled", "skipped"] | None
    ) = None
    """What happened to it."""
    depends_on: list[str] | None = None
    """Ids of what has to end first."""
    workflow_name: str | None = None
    """Of the workflow that this run is one of."""
    user_id: str | None = None
    """On whose behalf."""
    forked_from: ForkedFrom | None = None
    """Where this run branched off from another."""


class Interaction(Payload):
    """`ui.interaction`: a person did something."""

    action: str | None = None
    """What."""
    request_id: str | None = None
    """The question that it answers."""
    decision: Literal["approve", "reject", "edit", "answer"] | None = None
    """How it was answered."""
    answer: Any = None
    """Text or JSON."""
    values: dict[str, Any] | None = None
    """Fields of a form."""
    user_id: str | None = None
    """Who."""
    channel: str | None = None
    """web, mobile, mail, ..."""


class IntegrationCall(Payload):
    """`integration.call`: an API that was triggered here is `in`."""

    call_id: str | None = None
    """Pairs start and end."""
    phase: Literal["started", "completed", "failed"] | None = None
    """Which of the two facts."""
    direction: Literal["in", "out"] | None = None
    """Who called."""
    service: str | None = None
    """The other side."""
    operation: str | None = None
    """What was asked for."""
    method: str | None = None
    """HTTP method."""
    url: str | None = None
    """HTTP address."""
    status_code: int | None = None
    """HTTP status."""
    request: Any = None
    """What was sent."""
    response: Any = None
    """What came back."""


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
