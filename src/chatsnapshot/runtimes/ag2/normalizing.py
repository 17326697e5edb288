"""One AG2 event as a payload (PAYLOADS.md), from the event alone."""

from collections.abc import Callable
from functools import singledispatch
from typing import Any

from ag2 import events
from ag2.events import BaseEvent

from chatsnapshot.runtimes.ag2 import message_payloads, task_payloads, tool_payloads
from chatsnapshot.runtimes.ag2.natural_keys import natural_key, parent_key
from chatsnapshot.runtimes.jsonable import given, jsonable

RULES: tuple[tuple[type[BaseEvent], Callable[[Any], dict[str, Any]]], ...] = (
    (events.ModelRequest, message_payloads.request),
    (events.TranscriptionCompletedEvent, message_payloads.spoken),
    (events.ModelResponse, message_payloads.response),
    (events.ModelReasoning, message_payloads.reasoning),
    (events.UsageEvent, message_payloads.usage),
    (events.HumanInputRequest, message_payloads.human_request),
    (events.HumanMessage, message_payloads.human_answer),
    (events.ToolCallEvent, tool_payloads.call),
    (events.ClientToolCallEvent, tool_payloads.client_call),
    (events.ToolCallsEvent, tool_payloads.calls),
    (events.ToolResultEvent, tool_payloads.result),
    (events.ToolResultsEvent, tool_payloads.results),
    (events.TaskStarted, task_payloads.task_started),
    (events.TaskCompleted, task_payloads.task_completed),
    (events.TaskFailed, task_payloads.task_failed),
    (events.TaskExpired, task_payloads.task_expired),
    (events.TaskCancelled, task_payloads.task_cancelled),
    (events.CompactionStarted, task_payloads.upkeep),
    (events.CompactionCompleted, task_payloads.upkeep),
    (events.CompactionFailed, task_payloads.upkeep),
    (events.AggregationStarted, task_payloads.upkeep),
    (events.AggregationCompleted, task_payloads.upkeep),
    (events.AggregationFailed, task_payloads.upkeep),
    (events.EventLogFailed, task_payloads.log_failed),
    (events.ObserverAlert, task_payloads.alert),
    (events.HaltEvent, task_payloads.halt),
)
"""The payload of each class; a subclass without a rule of its own follows its parent's."""


def normalize(event: BaseEvent) -> dict[str, Any]:
    """The payload, with the natural keys of the fact and of its cause in `runtime_event`."""
    named = {"type": type(event).__name__, "id": natural_key(event), "parent": parent_key(event)}
    return {**given(_payload(event)), "runtime_event": given(named)}


@singledispatch
def _payload(event: Any) -> dict[str, Any]:
    """What has no rule is kept whole, under the name of its class."""
    return {"kind": f"ag2.{type(event).__name__}", "data": jsonable(event.to_dict())}


for _kind, _rule in RULES:
    _payload.register(_kind)(_rule)
