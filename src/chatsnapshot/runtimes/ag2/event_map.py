"""AG2's events and the ledger's types: one table."""

from ag2 import events
from ag2.events import BaseEvent

_MESSAGE = "execution.message"
_CALL = "execution.tool_call"
_RESULT = "execution.tool_result"
_STATE = "execution.state_change"

DELTAS: tuple[type[BaseEvent], ...] = (
    events.ModelMessageChunk,
    events.ModelMessage,
    events.ModelReasoning,
    events.TaskProgress,
    events.TranscriptionChunkEvent,
)
"""Parts of something that comes whole later: coalesced, never events of their own."""

UNRECORDED: tuple[type[BaseEvent], ...] = (
    events.MessageEnqueued,
    events.ObserverStarted,
    events.ObserverCompleted,
    events.AudioInterruptedEvent,
    events.AudioPlaybackCompletedEvent,
    events.AudioPlaybackStartedEvent,
    events.RecordedAudioEvent,
    events.SynthesizedAudioEvent,
    events.Input,
)
"""Book-keeping of the framework, and raw audio."""

TYPES: tuple[tuple[type[BaseEvent], str], ...] = (
    (events.ModelRequest, _MESSAGE),
    (events.ModelResponse, _MESSAGE),
    (events.TranscriptionCompletedEvent, _MESSAGE),
    (events.ClientToolCallEvent, _STATE),  # the model's own call is the tool_call: this says who runs it
    (events.ToolCallEvent, _CALL),
    (events.ToolResultEvent, _RESULT),  # and its subclasses: error, not found, builtin
    (events.HumanInputRequest, _STATE),
    (events.HumanMessage, "ui.interaction"),
    (events.TaskStarted, "system.task_started"),
    (events.TaskCompleted, "system.task_completed"),
    (events.TaskFailed, "system.task_failed"),
    (events.TaskExpired, "system.task_failed"),
    (events.TaskCancelled, "system.task_cancelled"),
    (events.UnknownEvent, _STATE),
)
"""First match counts; what is in no table and is stored by AG2 becomes a state change."""


def map_event(event: BaseEvent) -> str | None:
    """The event type, or None for what is not an event of its own (deltas, book-keeping, raw audio)."""
    stored = not getattr(type(event), "__transient__", False)
    if isinstance(event, UNRECORDED) or (isinstance(event, DELTAS) and not _is_replayed_reasoning(event)):
        return None
    for kind, event_type in TYPES:
        if isinstance(event, kind):
            return event_type
    return _STATE if stored or type(event).__module__.startswith("ag2.events") else None


def _is_replayed_reasoning(event: BaseEvent) -> bool:
    """Provider items that are stored because the provider needs them back; they also stand for reasoning."""
    return isinstance(event, events.ModelReasoning) and isinstance(event, events.ProviderReplay)
