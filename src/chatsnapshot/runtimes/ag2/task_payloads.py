"""Payloads of sub-agents' tasks and of the framework's own upkeep."""

from typing import Any

from ag2 import events
from ag2.events import BaseEvent

from chatsnapshot.runtimes.jsonable import error_of, jsonable

Payload = dict[str, Any]


def task_started(event: events.TaskStarted) -> Payload:
    """A sub-agent got a task."""
    spec = jsonable(event.spec) if event.spec else None
    call_id = event.parent_tool_call_id
    return {**_task(event, "started"), "tool_call_id": call_id, "spec": spec, "expires_at": event.expires_at}


def task_completed(event: events.TaskCompleted) -> Payload:
    """It answered."""
    return {
        **_task(event, "completed"),
        "result": jsonable(event.result),
        "child_agent_run_id": str(event.task_stream),
    }


def task_failed(event: events.TaskFailed) -> Payload:
    """It failed."""
    return {**_task(event, "failed"), "error": error_of(event.error)}


def task_expired(event: events.TaskExpired) -> Payload:
    """It took too long."""
    return {**_task(event, "failed"), "error": {"type": "expired", "message": "no end came within the task's time"}}


def task_cancelled(event: events.TaskCancelled) -> Payload:
    """It was stopped."""
    return {**_task(event, "cancelled"), "reason": event.reason or None}


def upkeep(event: BaseEvent) -> Payload:
    """Compaction of a history, aggregation of memory."""
    name = type(event).__name__
    kind = "compaction" if name.startswith("Compaction") else "aggregation"
    return _step(kind, name.removeprefix(kind.capitalize()).lower(), event)


def log_failed(event: events.EventLogFailed) -> Payload:
    """AG2's own event log could not be written."""
    return _step("error", "failed", event)


def alert(event: events.ObserverAlert) -> Payload:
    """An observer saw something."""
    return {
        "kind": "alert",
        "observer": event.source,
        "severity": str(getattr(event.severity, "value", event.severity)),
        "reason": event.message,
        "data": jsonable(event.data) or None,
    }


def halt(event: events.HaltEvent) -> Payload:
    """A fatal alert stopped the agent."""
    return {"kind": "halt", "reason": event.reason, "observer": event.source, "alerts": jsonable(event.alerts) or None}


def _task(event: Any, phase: str) -> Payload:
    return {
        "entity": "task",
        "entity_id": event.task_id,
        "phase": phase,
        "name": event.agent_name,
        "objective": event.objective,
    }


def _step(kind: str, phase: str, event: BaseEvent) -> Payload:
    fields = {key: jsonable(value) for key, value in event.to_dict().items() if key not in ("created_at", "error_type")}
    error_type = getattr(event, "error_type", None)
    if error_type is not None:
        fields["error"] = {"type": error_type, "message": str(getattr(event, "error", ""))}
    return {"kind": kind, "phase": phase, **fields}


TASK_RULES = (
    (events.TaskStarted, task_started),
    (events.TaskCompleted, task_completed),
    (events.TaskFailed, task_failed),
    (events.TaskExpired, task_expired),
    (events.TaskCancelled, task_cancelled),
    (events.CompactionStarted, upkeep),
    (events.CompactionCompleted, upkeep),
    (events.CompactionFailed, upkeep),
    (events.AggregationStarted, upkeep),
    (events.AggregationCompleted, upkeep),
    (events.AggregationFailed, upkeep),
    (events.EventLogFailed, log_failed),
    (events.ObserverAlert, alert),
    (events.HaltEvent, halt),
)
"""Class of event and its payload."""
