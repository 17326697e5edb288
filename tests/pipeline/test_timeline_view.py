"""Timeline and history of a run: on the real endpoint, worked out by hand."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.fixtures.ledger_blocks import NOON, SECOND, TENANT, LedgerDatabase, event_id

MESSAGE, CALL, RESULT = "execution.message", "execution.tool_call", "execution.tool_result"
STATE = "execution.state_change"
INTEGRATION = "integration.call"
NOON_MICROS = int(NOON.timestamp()) * SECOND


@pytest.fixture(scope="module")
def ledger(clickhouse_url: str) -> Iterator[LedgerDatabase]:
    database = LedgerDatabase(clickhouse_url)
    yield database
    database.drop()


def _at(seconds: float) -> dict[str, Any]:
    """The producer's clock, `seconds` after noon."""
    return {"timestamp": NOON_MICROS + round(seconds * SECOND)}


def test_timeline_folds_start_and_end_and_measures(ledger: LedgerDatabase) -> None:
    ledger.record(
        "spans",
        ("system.workflow_started", {"name": "refund"}, _at(0)),
        (CALL, {"tool_call_id": "a", "name": "pay", "agent": "clerk"}, _at(1)),
        (CALL, {"tool_call_id": "b", "name": "mail"}, _at(1.5)),
        (STATE, {"kind": "tool.started", "tool_call_id": "a"}, _at(2)),
        (MESSAGE, {"content": "busy"}, _at(3)),
        (RESULT, {"tool_call_id": "a", "status": "error"}, _at(4.25)),
        (MESSAGE, {"content": "thought about it", "duration_ms": 1500}, _at(6)),
        (INTEGRATION, {"call_id": "x", "service": "bank", "phase": "started"}, _at(7)),
        (INTEGRATION, {"call_id": "x", "phase": "completed", "duration_ms": 12.5}, _at(9)),
        (RESULT, {"tool_call_id": "b"}, _at(1)),  # its clock is behind
    )
    spans = ledger.queries.timeline(TENANT, "spans")
    said, thought = (f"event:{event_id('spans', number)}" for number in (5, 7))
    assert [(span.position, span.node_id) for span in spans] == [
        (1, "workflow:spans"), (2, "call:a"), (3, "call:b"), (4, said), (5, thought), (6, "integration:x"),
    ]  # fmt: skip
    by_id = {span.node_id: span for span in spans}
    workflow, paid, mailed = by_id["workflow:spans"], by_id["call:a"], by_id["call:b"]
    assert (workflow.status, workflow.ended_at, workflow.duration_ms) == ("running", None, None)
    assert (paid.name, paid.agent, paid.status, paid.outcome, paid.events) == ("pay", "clerk", "failed", "error", 3)
    assert (paid.first_sequence_no, paid.last_sequence_no) == (2, 6)
    assert (paid.scheduled_at, paid.started_at, paid.ended_at) == tuple(
        NOON + timedelta(seconds=s) for s in (1, 2, 4.25)
    )
    assert (paid.duration_ms, paid.duration_source) == (2250.0, "timestamps")
    assert (mailed.status, mailed.duration_ms, mailed.duration_source) == ("completed", None, "")
    assert (by_id[said].status, by_id[said].duration_ms) == ("recorded", None)
    assert (by_id[thought].started_at, by_id[thought].duration_ms) == (NOON + timedelta(seconds=4.5), 1500.0)
    assert (by_id["integration:x"].duration_ms, by_id["integration:x"].duration_source) == (12.5, "reported")


def test_timeline_says_how_many_spans_were_open(ledger: LedgerDatabase) -> None:
    ledger.record(
        "open-spans",
        ("system.workflow_started", {}),
        (CALL, {"calls": [{"tool_call_id": "a"}, {"tool_call_id": "b"}]}),
        (MESSAGE, {"content": "both run"}),
        (RESULT, {"tool_call_id": "a"}),
        (MESSAGE, {"content": "one runs"}),
        (RESULT, {"tool_call_id": "b"}),
        ("system.workflow_completed", {}),
        (MESSAGE, {"content": "nothing runs"}),
    )
    spans = ledger.queries.timeline(TENANT, "open-spans")
    assert [(span.kind, span.spans_open) for span in spans] == [
        ("workflow", 1), ("tool_call", 3), ("tool_call", 3), ("message", 3), ("message", 2), ("message", 0),
    ]  # fmt: skip


def test_timeline_follows_the_ledger_and_not_the_clock(ledger: LedgerDatabase) -> None:
    ledger.record(
        "clocks",
        (MESSAGE, {}, _at(90)),
        (MESSAGE, {}, _at(10)),
        (MESSAGE, {"started_at": "2025-11-20T11:59:00Z"}, _at(50)),
    )
    spans = ledger.queries.timeline(TENANT, "clocks")
    assert [span.first_sequence_no for span in spans] == [1, 2, 3]
    assert (spans[2].started_at, spans[2].duration_ms) == (NOON - timedelta(minutes=1), 110_000.0)


def test_history_has_the_columns_of_its_specification(ledger: LedgerDatabase) -> None:
    ledger.record(
        "history",
        (MESSAGE, {"role": "user", "content": "hi"}),
        (
            MESSAGE,
            {
                "role": "assistant",
                "agent": "clerk",
                "model": "m",
                "response_id": "r1",
                "content": "hello",
                "reasoning": [{"text": "hm"}],
                "runtime_event": {"type": "ModelResponse"},
                "attachments": [{"id": "f"}],
            },
        ),
        (CALL, {"tool_call_id": "c", "name": "pay", "arguments": {"n": 1}}),
        (RESULT, {"tool_call_id": "c", "name": "pay", "output": "ok"}),
    )
    result = ledger.client.query(
        "SELECT * FROM agent_run_events WHERE conversation_id = 'history' ORDER BY sequence_no, ordinal"
    )
    assert result.column_names == (
        "conversation_id", "sequence_no", "response_id", "run_item_type", "run_item_name", "role", "agent",
        "tool_call_id", "tool_name", "model", "content_text", "reasoning_text", "call_arguments", "call_output",
        "attachments", "created_at", "ingested_at", "tenant_id", "ordinal",
    )  # fmt: skip
    rows = [dict(row) for row in result.named_results()]
    assert [(row["run_item_type"], row["run_item_name"]) for row in rows] == [
        ("message", MESSAGE), ("message", "ModelResponse"), ("tool_call", CALL), ("tool_result", RESULT),
    ]  # fmt: skip
    said = {"response_id": "r1", "role": "assistant", "agent": "clerk", "model": "m", "content_text": "hello"}
    said |= {"reasoning_text": "hm", "attachments": '[{"id":"f"}]'}
    assert {name: rows[1][name] for name in said} == said
    assert (rows[2]["call_arguments"], rows[3]["call_output"]) == ('{"n":1}', "ok")
    assert rows[0]["ingested_at"] - rows[0]["created_at"] == timedelta(seconds=1)
