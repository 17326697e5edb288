"""One AG2 event as a payload (PAYLOADS.md), from the event alone."""

import json
from functools import singledispatch
from typing import Any

from ag2 import events
from ag2.events import BaseEvent

from chatsnapshot.runtimes.ag2.natural_keys import natural_key, parent_key
from chatsnapshot.runtimes.ag2.parts import file_result, output_of, parts_and_attachments, text_of
from chatsnapshot.runtimes.ag2.usage import provider_name, usage_buckets
from chatsnapshot.runtimes.jsonable import jsonable

Payload = dict[str, Any]


def normalize(event: BaseEvent) -> Payload:
    """The payload, with the natural keys of the fact and of its cause in `runtime_event`."""
    named = {"type": type(event).__name__, "id": natural_key(event), "parent": parent_key(event)}
    return {**given(_payload(event)), "runtime_event": given(named)}


def given(payload: Payload) -> Payload:
    """Without the keys that say nothing."""
    return {key: value for key, value in payload.items() if value is not None and value not in ([], {})}


def error_of(error: BaseException) -> Payload:
    """The `error` object of a payload."""
    return {"type": type(error).__name__, "message": str(error)}


@singledispatch
def _payload(event: Any) -> Payload:
    """What has no rule of its own is kept whole, under the name of its class."""
    return {"kind": f"ag2.{type(event).__name__}", "data": jsonable(event.to_dict())}


@_payload.register(events.ModelRequest)
def _request(event: events.ModelRequest) -> Payload:
    parts, attachments = parts_and_attachments(event.parts)
    return {
        "role": "user",
        "content": text_of(event.parts),
        "parts": None if all(part["type"] == "text" for part in parts) and len(parts) == 1 else parts,
        "attachments": attachments,
    }


@_payload.register(events.TranscriptionCompletedEvent)
def _spoken(event: events.TranscriptionCompletedEvent) -> Payload:
    return {"role": "user", "content": event.content, "channel": "voice"}


@_payload.register(events.ModelResponse)
def _response(event: events.ModelResponse) -> Payload:
    return {
        "role": "assistant",
        "content": event.content,
        "tool_call_ids": [call.id for call in event.tool_calls.calls],
        "finish_reason": event.finish_reason,
        "model": event.model,
        "provider": provider_name(event.provider),
        "response_id": event.response_id,
        "usage": usage_buckets(event.usage, event.provider) if event.usage else None,
        "attachments": [file_result(file) for file in event.files],
        "metadata": jsonable(event.metadata),
        "forced": event.response_force or None,  # a tool ended the turn: no model wrote this
    }


@_payload.register(events.ToolCallEvent)
def _call(event: events.ToolCallEvent) -> Payload:
    builtin = isinstance(event, events.BuiltinToolCallEvent)
    return {
        "tool_call_id": event.id,
        "name": event.name,
        "tool_type": "builtin" if builtin else "function",
        "executed_by": "provider" if builtin else None,
        **_arguments(event.arguments),
        "vendor_metadata": jsonable(event.vendor_metadata),
    }


@_payload.register(events.ClientToolCallEvent)
def _client_call(event: events.ClientToolCallEvent) -> Payload:
    return {
        "kind": "tool.delegated",
        "tool_call_id": event.id,
        "name": event.name,
        "executed_by": "client",
        **_arguments(event.arguments),
    }


@_payload.register(events.ToolCallsEvent)
def _calls(event: events.ToolCallsEvent) -> Payload:
    return {"kind": "tool_calls", "tool_call_ids": [call.id for call in event.calls]}


@_payload.register(events.ToolResultEvent)
def _result(event: events.ToolResultEvent) -> Payload:
    parts, attachments = parts_and_attachments(event.result.parts)
    error = getattr(event, "error", None)
    return {
        "tool_call_id": event.parent_id,
        "name": event.name,
        "status": _status(event),
        "output": output_of(event.result.parts),
        "parts": parts if attachments or len(parts) > 1 else None,
        "attachments": attachments,
        "error": error_of(error) if error is not None else None,
        "final": event.result.final or None,
        "metadata": jsonable(event.result.metadata),
    }


def _status(event: events.ToolResultEvent) -> str:
    if isinstance(event, events.ToolNotFoundEvent):
        return "not_found"
    return "error" if isinstance(event, events.ToolErrorEvent) else "ok"


@_payload.register(events.ToolResultsEvent)
def _results(event: events.ToolResultsEvent) -> Payload:
    return {"kind": "tool_results", "tool_call_ids": [result.parent_id for result in event.results]}


@_payload.register(events.UsageEvent)
def _usage(event: events.UsageEvent) -> Payload:
    scope = "rollup" if event.kind == "subtask" else "call"
    return {
        "kind": "usage",
        "usage_kind": event.kind,
        "label": event.label,
        "model": event.model,
        "provider": provider_name(event.provider),
        "finish_reason": event.finish_reason,
        "usage": usage_buckets(event.usage, event.provider, scope=scope),
        "calls_summed": len(event.parts) or None,
    }


@_payload.register(events.ModelReasoning)
def _reasoning(event: events.ModelReasoning) -> Payload:
    item = getattr(event, "item", None)
    opaque = None if item is None else json.dumps(jsonable(item), ensure_ascii=False)
    return {"kind": "reasoning", "reasoning": [given({"text": event.content, "opaque": opaque})]}


@_payload.register(events.HumanInputRequest)
def _human_request(event: events.HumanInputRequest) -> Payload:
    approval = isinstance(event, events.ToolApprovalRequest)
    return {
        "kind": "approval.requested" if approval else "input.requested",
        "request_id": event.id,
        "prompt": event.content,
        "tool_call_id": getattr(event, "tool_call_id", None),
        "timeout_s": event.timeout,
        "task_id": event.task_id,
    }


@_payload.register(events.HumanMessage)
def _human_answer(event: events.HumanMessage) -> Payload:
    return {"action": "answer", "decision": "answer", "request_id": event.parent_id or None, "answer": event.content}


@_payload.register(events.TaskStarted)
def _task_started(event: events.TaskStarted) -> Payload:
    spec = jsonable(event.spec) if event.spec else None
    call_id = event.parent_tool_call_id
    return {**_task(event, "started"), "tool_call_id": call_id, "spec": spec, "expires_at": event.expires_at}


@_payload.register(events.TaskCompleted)
def _task_completed(event: events.TaskCompleted) -> Payload:
    return {
        **_task(event, "completed"),
        "result": jsonable(event.result),
        "child_agent_run_id": str(event.task_stream),
    }


@_payload.register(events.TaskFailed)
def _task_failed(event: events.TaskFailed) -> Payload:
    return {**_task(event, "failed"), "error": error_of(event.error)}


@_payload.register(events.TaskExpired)
def _task_expired(event: events.TaskExpired) -> Payload:
    return {**_task(event, "failed"), "error": {"type": "expired", "message": "no end came within the task's time"}}


@_payload.register(events.TaskCancelled)
def _task_cancelled(event: events.TaskCancelled) -> Payload:
    return {**_task(event, "cancelled"), "reason": event.reason or None}


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


@_payload.register(events.CompactionStarted)
@_payload.register(events.CompactionCompleted)
@_payload.register(events.CompactionFailed)
@_payload.register(events.AggregationStarted)
@_payload.register(events.AggregationCompleted)
@_payload.register(events.AggregationFailed)
def _upkeep(event: BaseEvent) -> Payload:
    name = type(event).__name__
    kind = "compaction" if name.startswith("Compaction") else "aggregation"
    return _step(kind, name.removeprefix(kind.capitalize()).lower(), event)


@_payload.register(events.EventLogFailed)
def _log_failed(event: events.EventLogFailed) -> Payload:
    return _step("error", "failed", event)


@_payload.register(events.ObserverAlert)
def _alert(event: events.ObserverAlert) -> Payload:
    return {
        "kind": "alert",
        "observer": event.source,
        "severity": str(getattr(event.severity, "value", event.severity)),
        "reason": event.message,
        "data": jsonable(event.data),
    }


@_payload.register(events.HaltEvent)
def _halt(event: events.HaltEvent) -> Payload:
    return {"kind": "halt", "reason": event.reason, "observer": event.source, "alerts": jsonable(event.alerts)}


def _arguments(text: str) -> Payload:
    try:
        return {"arguments": jsonable(json.loads(text or "{}"))}
    except (ValueError, RecursionError):
        return {"arguments_text": text}
