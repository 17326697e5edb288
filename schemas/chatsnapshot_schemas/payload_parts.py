"""Shapes that payloads share, and the keys that any payload may carry. Extra keys are allowed everywhere."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Open(BaseModel):
    """A JSON object: the keys named here are understood, any other is kept."""

    model_config = ConfigDict(extra="allow")


class RuntimeEvent(Open):
    """What the framework called it."""

    type: str | None = None
    """Its name for the event."""
    id: str | None = None
    """Its id for the event."""


class ErrorInfo(Open):
    """What went wrong."""

    type: str | None = None
    """Class or kind."""
    message: str | None = None
    """In words."""
    code: str | int | None = None
    """The code of whoever failed."""
    retryable: bool | None = None
    """Whether the same may succeed later."""


class ReportedUsage(Open):
    """The provider's own figures, in tokens."""

    input: int | None = None
    """Of the prompt."""
    output: int | None = None
    """Of the answer."""
    total: int | None = None
    """Of both."""


class ProviderCost(Open):
    """The provider's own price."""

    amount: float | str
    """A number, or its decimal text."""
    currency: str = "USD"
    """Three letters."""


class Usage(Open):
    """Tokens in disjoint buckets; each (model_call_id, attempt) counts once."""

    input_uncached: int | None = None
    """Read at the full price."""
    cache_read: int | None = None
    """Read from a cache."""
    cache_write_5m: int | None = None
    """Written to a cache of five minutes."""
    cache_write_1h: int | None = None
    """Written to a cache of one hour."""
    input_audio: int | None = None
    """Heard."""
    output_text: int | None = None
    """Written."""
    output_reasoning: int | None = None
    """Thought."""
    output_audio: int | None = None
    """Spoken."""
    reported: ReportedUsage | None = None
    """The figures as the provider said them."""
    basis: str | None = None
    """How the buckets were derived from the raw figures."""
    scope: Literal["call", "rollup"] | None = None
    """One call, or a sum over several. Only `call` is billed."""
    counter: Literal["delta", "cumulative"] | None = None
    """By itself, or a running total, of which the increases count."""
    series: str | None = None
    """Name of the running total."""
    service_tier: str | None = None
    """As the provider names it; part of the price's key."""
    batch: bool | None = None
    """Whether it ran at the price of a batch."""
    provider_cost: ProviderCost | None = None
    """What the provider says it costs; shown beside the computed amount."""
    raw: dict[str, Any] | None = None
    """The provider's usage object, untouched."""


class Payload(Open):
    """Keys that any payload may carry."""

    runtime_event: RuntimeEvent | None = None
    """What the framework called it."""
    response_id: str | None = None
    """The model's response that this belongs to."""
    model: str | None = None
    """Name of the model."""
    provider: str | None = None
    """Who runs the model."""
    model_call_id: str | None = None
    """One call of a model; a usage with the same one is the same usage."""
    agent: str | None = None
    """Who did it; else the envelope's `source.agent`."""
    agent_run_id: str | None = None
    """The run of a sub-agent inside this run."""
    parent_agent_run_id: str | None = None
    """The run of the agent that started that one."""
    attempt: int | None = None
    """From 1."""
    started_at: str | None = None
    """When it began, where the event tells its end."""
    duration_ms: float | None = None
    """How long it took."""
    error: ErrorInfo | None = None
    """What went wrong."""
    truncated: list[str] | None = None
    """JSON paths that were shortened."""


class Attachment(Open):
    """A file beside a message or result."""

    id: str | None = None
    """Named by `parts[].attachment_id`."""
    name: str | None = None
    """File name."""
    media_type: str | None = None
    """MIME type."""
    bytes: int | None = None
    """Size."""
    sha256: str | None = None
    """Of its content, 64 hexadecimal digits."""
    uri: str | None = None
    """Where it is."""


class Part(Open):
    """One part of a message or result."""

    type: str
    """text, image, audio, file, ..."""
    text: str | None = None
    """Of a text part."""
    media_type: str | None = None
    """MIME type."""
    attachment_id: str | None = None
    """Of a part that is a file."""


class Reasoning(Open):
    """What a model thought."""

    text: str | None = None
    """In full."""
    summary: str | None = None
    """As the provider sums it up."""
    opaque: str | None = None
    """Encrypted or signed, to be handed back."""


class StructuredOutput(Open):
    """A value that follows a schema."""

    schema_: str | dict[str, Any] | None = Field(default=None, alias="schema")
    """JSON Schema, or its name."""
    value: Any = None
    """The value."""
