"""Payloads of tool calls, their results, and the batches they come in."""

import json
from typing import Any

from ag2 import events

from chatsnapshot.runtimes.ag2.parts import output_of, parts_and_attachments
from chatsnapshot.runtimes.jsonable import error_of, jsonable

Payload = dict[str, Any]


def call(event: events.ToolCallEvent) -> Payload:
    """The model asked for a tool."""
    builtin = isinstance(event, events.BuiltinToolCallEvent)
    return {
        "tool_call_id": event.id,
        "name": event.name,
        "tool_type": "builtin" if builtin else "function",
        "executed_by": "provider" if builtin else None,
        **_arguments(event.arguments),
        "vendor_metadata": jsonable(event.vendor_metadata) or None,
    }


def client_call(event: events.ClientToolCallEvent) -> Payload:
    """The call is for the client to run."""
    return {
        "kind": "tool.delegated",
        "tool_call_id": event.id,
        "name": event.name,
        "executed_by": "client",
        **_arguments(event.arguments),
    }


def calls(event: events.ToolCallsEvent) -> Payload:
    """The calls of one answer, in the order of the request."""
    return {"kind": "tool_calls", "tool_call_ids": [call.id for call in event.calls]}


def result(event: events.ToolResultEvent) -> Payload:
    """What a tool gave back."""
    parts, attachments = parts_and_attachments(event.result.parts)
    error = getattr(event, "error", None)
    return {
        "tool_call_id": event.parent_id,
        "name": event.name,
        "status": _status(event),
        "output": output_of(event.result.parts),
        "parts": parts if attachments or len(parts) > 1 else None,
        "attachments": attachments or None,
        "error": error_of(error) if error is not None else None,
        "final": event.result.final or None,
        "metadata": jsonable(event.result.metadata) or None,
    }


def results(event: events.ToolResultsEvent) -> Payload:
    """The results of one batch, in the order of the request."""
    return {"kind": "tool_results", "tool_call_ids": [result.parent_id for result in event.results]}


def _status(event: events.ToolResultEvent) -> str:
    if isinstance(event, events.ToolNotFoundEvent):
        return "not_found"
    return "error" if isinstance(event, events.ToolErrorEvent) else "ok"


def _arguments(text: str) -> Payload:
    try:
        return {"arguments": jsonable(json.loads(text or "{}"))}
    except (ValueError, RecursionError):
        return {"arguments_text": text}


TOOL_RULES = (
    (events.ToolCallEvent, call),
    (events.ClientToolCallEvent, client_call),
    (events.ToolCallsEvent, calls),
    (events.ToolResultEvent, result),
    (events.ToolResultsEvent, results),
)
"""Class of event and its payload."""
