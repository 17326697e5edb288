"""Payloads of messages: what was asked, answered, thought, spent, and put to a person."""

import json
from typing import Any

from ag2 import events

from chatsnapshot.runtimes.ag2.parts import file_result, parts_and_attachments, text_of
from chatsnapshot.runtimes.ag2.usage import provider_name, usage_buckets
from chatsnapshot.runtimes.jsonable import given, jsonable

Payload = dict[str, Any]


def request(event: events.ModelRequest) -> Payload:
    """What was put to the model."""
    parts, attachments = parts_and_attachments(event.parts)
    return {
        "role": "user",
        "content": text_of(event.parts),
        "parts": None if all(part["type"] == "text" for part in parts) and len(parts) == 1 else parts,
        "attachments": attachments or None,
    }


def spoken(event: events.TranscriptionCompletedEvent) -> Payload:
    """What a person said."""
    return {"role": "user", "content": event.content, "channel": "voice"}


def response(event: events.ModelResponse) -> Payload:
    """The model's answer; its tool calls only by id."""
    return {
        "role": "assistant",
        "content": event.content,
        "tool_call_ids": [call.id for call in event.tool_calls.calls] or None,
        "finish_reason": event.finish_reason,
        "model": event.model,
        "provider": provider_name(event.provider),
        "response_id": event.response_id,
        "usage": usage_buckets(event.usage, event.provider) if event.usage else None,
        "attachments": [file_result(file) for file in event.files] or None,
        "metadata": jsonable(event.metadata) or None,
        "forced": event.response_force or None,  # a tool ended the turn: no model wrote this
    }


def usage(event: events.UsageEvent) -> Payload:
    """Tokens of one model call, or the sum of a delegation."""
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


def reasoning(event: events.ModelReasoning) -> Payload:
    """A provider's own item, kept because the provider needs it back."""
    item = getattr(event, "item", None)
    opaque = None if item is None else json.dumps(jsonable(item), ensure_ascii=False)
    return {"kind": "reasoning", "reasoning": [given({"text": event.content, "opaque": opaque})]}


def human_request(event: events.HumanInputRequest) -> Payload:
    """A question to a person."""
    approval = isinstance(event, events.ToolApprovalRequest)
    return {
        "kind": "approval.requested" if approval else "input.requested",
        "request_id": event.id,
        "prompt": event.content,
        "tool_call_id": getattr(event, "tool_call_id", None),
        "timeout_s": event.timeout,
        "task_id": event.task_id,
    }


def human_answer(event: events.HumanMessage) -> Payload:
    """What the person said."""
    return {"action": "answer", "decision": "answer", "request_id": event.parent_id or None, "answer": event.content}


MESSAGE_RULES = (
    (events.ModelRequest, request),
    (events.TranscriptionCompletedEvent, spoken),
    (events.ModelResponse, response),
    (events.ModelReasoning, reasoning),
    (events.UsageEvent, usage),
    (events.HumanInputRequest, human_request),
    (events.HumanMessage, human_answer),
)
"""Class of event and its payload."""
