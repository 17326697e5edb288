"""The stable names of AG2's facts within one stream. Events without an id of their own are counted by their Trail."""

from typing import Any

from ag2 import events
from ag2.events import BaseEvent

_PHASES: tuple[tuple[type[BaseEvent], str], ...] = (
    (events.TaskStarted, "started"),
    (events.TaskCompleted, "completed"),
    (events.TaskFailed, "failed"),
    (events.TaskExpired, "expired"),
    (events.TaskCancelled, "cancelled"),
)


def natural_key(event: BaseEvent) -> str | None:
    """What AG2 calls this fact; None: it has no id, so that its place among its kind must name it."""
    if isinstance(event, events.ClientToolCallEvent):
        return f"client:{event.id}"
    if isinstance(event, events.ToolCallEvent):
        return f"call:{event.id}"
    if isinstance(event, events.ToolResultEvent):
        return f"result:{event.parent_id}"
    if isinstance(event, events.HumanInputRequest):
        return f"hitl:{event.id}"
    if isinstance(event, events.HumanMessage):
        return f"answer:{event.parent_id}" if event.parent_id else None
    if isinstance(event, events.ModelResponse):
        return f"response:{event.response_id}" if event.response_id else None
    return _task_key(event)


def parent_key(event: BaseEvent) -> str | None:
    """The natural key of the cause that the event itself names."""
    if isinstance(event, events.ToolResultEvent):
        return f"call:{event.parent_id}"
    if isinstance(event, events.ClientToolCallEvent):
        return f"call:{event.id}"
    if isinstance(event, events.HumanMessage):
        return f"hitl:{event.parent_id}" if event.parent_id else None
    if isinstance(event, events.ToolApprovalRequest):
        return f"call:{event.tool_call_id}"
    if isinstance(event, events.TaskStarted):
        return f"call:{event.parent_tool_call_id}" if event.parent_tool_call_id else None
    task_id = getattr(event, "task_id", None)
    return f"task:{task_id}:started" if task_id and _phase(event) else None


def _task_key(event: Any) -> str | None:
    phase = _phase(event)
    return f"task:{event.task_id}:{phase}" if phase else None


def _phase(event: BaseEvent) -> str | None:
    return next((phase for kind, phase in _PHASES if isinstance(event, kind)), None)
