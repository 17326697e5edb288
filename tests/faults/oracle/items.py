"""(10): run items are the ledger: what each record says is what its rows show."""

import json
from collections.abc import Iterator
from typing import Any

from chatsnapshot_schemas.event_types import primitive_of
from tests.faults.oracle.facts import Facts, Record
from tests.faults.oracle.payload import calls_of, content_of, number_of, text_of
from tests.faults.oracle.tables import Shown
from tests.faults.oracle.violations import Violation

ITEM_TYPES = {
    "execution.message": "message",
    "execution.tool_call": "tool_call",
    "execution.tool_result": "tool_result",
    "system.workflow_event": "workflow_event",
    "ui.interaction": "interaction",
    "integration.call": "integration_call",
}
NAME_CHARS = 256
"""Names and ids are cut there."""


def item_violations(facts: Facts, shown: Shown) -> Iterator[Violation]:
    """Record by record; each has at least one row, a batch of calls one a call."""
    for record in facts.records:
        rows = shown.items.get((*record.whose, record.number), [])
        if not rows:
            yield Violation(10, f"{record.whose} #{record.number} has no run item", lost=1)
        calls = calls_of(record.envelope["event_type"], record.envelope["payload"])
        for at, row in enumerate(rows):
            call = calls[at] if at < len(calls) else None
            for name, expected in expected_columns(record, call):
                if not _is_same(row[name], expected):
                    what = f"{name} is {row[name]!r:.80}, not {expected!r:.80}"
                    yield Violation(10, f"{record.whose} #{record.number} row {at}: {what}")


def expected_columns(record: Record, call: Any = None) -> Iterator[tuple[str, Any]]:
    """Columns that follow from the record; only what keeps to the conventions."""
    envelope = record.envelope
    primitive, payload = primitive_of(envelope["event_type"]), content_of(envelope["payload"])
    yield "primitive", primitive
    yield "event_id", envelope["event_id"]
    if primitive in ITEM_TYPES:
        yield "item_type", ITEM_TYPES[primitive]
    if isinstance(call, dict):
        yield from _named(call, {"tool_call_id": "tool_call_id", "name": "tool_name"})
        if call.get("arguments"):
            yield "call_arguments", call["arguments"]
        return
    if primitive == "execution.message":
        yield from _named(payload, {"role": "role", "model": "model"})
    if (said := text_of(payload.get("content"))) not in (None, "", "[]") and not _has_calls(envelope):
        yield "content_text", said
    if primitive in ("execution.tool_call", "execution.tool_result"):
        yield from _named(payload, {"tool_call_id": "tool_call_id", "name": "tool_name"})
    if primitive == "execution.tool_call" and payload.get("arguments") and not _has_calls(envelope):
        yield "call_arguments", payload["arguments"]
    if primitive == "execution.tool_result" and payload.get("output"):
        yield "call_output", payload["output"]


def _has_calls(envelope: dict[str, Any]) -> bool:
    """Whether the event is a batch of calls."""
    return bool(calls_of(envelope["event_type"], envelope["payload"]))


def _named(said: dict[str, Any], columns: dict[str, str]) -> Iterator[tuple[str, str]]:
    for key, column in columns.items():
        if text := text_of(said.get(key)):
            yield column, text[:NAME_CHARS]


def _is_same(shown: Any, expected: Any) -> bool:
    if isinstance(expected, str):
        return str(shown) == (text_of(expected) or "")
    if isinstance(expected, float | bool) or not shown:
        return True  # how a bare number or nothing is written is the engine's affair
    try:
        return bool(_normal(json.loads(shown, parse_int=number_of)) == _normal(expected))
    except ValueError:
        return False


def _normal(value: Any) -> Any:
    """Numbers as doubles and text without lone surrogates: what survives the engine's parser."""
    if isinstance(value, dict):
        return {text_of(key): _normal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_normal(item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if abs(value) < 1e300 else None
    return text_of(value) if isinstance(value, str) else value
