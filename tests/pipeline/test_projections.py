"""Ledger rows become transcripts, graphs and bills: on the real endpoint, inserted as the sink inserts."""

from collections.abc import Iterator
from dataclasses import astuple
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chatsnapshot_projections.queries import LedgerQueries
from chatsnapshot_schemas.errors import ClickHouseUnavailable, QueryFailed
from tests.fixtures.ledger_blocks import NOON, TENANT, LedgerDatabase, event_id, ledger_row, numbered

MESSAGE, CALL, RESULT = "execution.message", "execution.tool_call", "execution.tool_result"
STATE, WORKFLOW, ANSWER = "execution.state_change", "system.workflow_event", "ui.interaction"


@pytest.fixture(scope="module")
def ledger(clickhouse_url: str) -> Iterator[LedgerDatabase]:
    database = LedgerDatabase(clickhouse_url)
    yield database
    database.drop()


def _usage(call: str, **buckets: Any) -> dict[str, Any]:
    return {"model": "demo-model", "provider": "demo", "model_call_id": call, "usage": buckets}


def test_every_field_of_a_record_comes_back(ledger: LedgerDatabase) -> None:
    row = ledger_row(
        "fields",
        1,
        "ui.approval_given",
        '{"b":1.0, "a":1e3}',
        cause="other",
        caused_by=["third", "fourth"],
        causation_correlation_id="elsewhere",
        source_instance="i-1",
        source_agent="clerk",
        source_seq=0,
        subject_id="ü",
        headers={"traceparent": "00-1"},
        payload_ref={"uri": "file:///x", "sha256": "ab" * 32, "bytes": 7},
        gap_before=2,
        late=True,
    )
    ledger.insert([row])
    (event,) = ledger.queries.events(TENANT, "fields")
    assert event.payload == '{"b":1.0, "a":1e3}'
    assert (event.hash, event.prev_hash) == (row["hash"], row["prev_hash"])
    assert str(event.event_id) == row["event_id"]
    assert [str(cause) for cause in event.caused_by] == row["caused_by"]
    assert event.recorded_at == NOON + timedelta(seconds=1)
    assert event.payload_ref == row["payload_ref"]
    assert (event.primitive, event.late, event.gap_before) == ("ui.interaction", True, 2)
    same = [name for name in row if name not in ("recorded_at", "timestamp", "event_id", "causation_id", "caused_by")]
    assert {name: getattr(event, name) for name in same} == {name: row[name] for name in same}


def test_without_a_reference_payload_ref_is_empty(ledger: LedgerDatabase) -> None:
    ledger.record("no-ref", (MESSAGE, {}))
    (event,) = ledger.queries.events(TENANT, "no-ref")
    assert set(event.payload_ref.values()) == {None}


def test_transcript_holds_what_was_said(ledger: LedgerDatabase) -> None:
    ledger.record(
        "said",
        (MESSAGE, {"role": "user", "content": "Where is my money?"}),
        (
            MESSAGE,
            {"role": "assistant", "agent": "clerk", "content": "", "parts": [{"text": "Let me"}, {"text": "see."}]},
        ),
        (CALL, {"tool_call_id": "c1", "name": "lookup", "arguments": {"order": 7}}),
        (RESULT, {"tool_call_id": "c1", "name": "lookup", "status": "ok", "output": "shipped"}),
        (STATE, {"kind": "approval.requested", "request_id": "q1", "prompt": "Refund?"}),
        ("ui.approval_given", {"request_id": "q1", "decision": "approve", "user_id": "u-1"}),
        (
            MESSAGE,
            {"role": "assistant", "content": [{"type": "text", "text": "Done."}], "reasoning": [{"summary": "hm"}]},
        ),
    )
    transcript = ledger.queries.transcript(TENANT, "said")
    assert [(item.sequence_no, item.role, item.content_text) for item in transcript] == [
        (1, "user", "Where is my money?"),
        (2, "assistant", "Let me\nsee."),
        (6, "user", "approve"),
        (7, "assistant", "Done."),
    ]
    assert transcript[3].reasoning_text == "hm"
    items = ledger.queries.run_items(TENANT, "said")
    assert [item.item_type for item in items] == [
        "message", "message", "tool_call", "tool_result", "approval.requested", "interaction", "message",
    ]  # fmt: skip
    assert (items[2].tool_name, items[2].call_arguments) == ("lookup", '{"order":7}')
    assert (items[3].call_output, items[3].call_status) == ("shipped", "ok")
    assert items[4].content_text == "Refund?"


def test_a_batch_of_calls_is_one_item_a_call(ledger: LedgerDatabase) -> None:
    calls = [{"tool_call_id": f"b{n}", "name": "fetch", "arguments": {"n": n}} for n in range(300)]
    ledger.record("batch", (CALL, {"calls": calls, "agent": "clerk"}), (MESSAGE, {"content": "next"}))
    items = ledger.queries.run_items(TENANT, "batch", limit=1)
    assert [item.ordinal for item in items] == list(range(256))
    assert [item.tool_call_id for item in items] == [f"b{n}" for n in range(256)]
    assert {item.agent for item in items} == {"clerk"}
    assert items[255].call_index == 255
    assert ledger.queries.run_items(TENANT, "batch", after=1)[0].content_text == "next"


def test_a_payload_that_clickhouse_cannot_parse_is_shown_all_the_same(ledger: LedgerDatabase) -> None:
    ledger.record(
        "unparsable",
        (MESSAGE, '{"role":"user","content":"cut \\ud83d here \\ud83d\\ude00 and \\\\ud800"}'),
        (MESSAGE, '{"role":"user","content":"1e999 \\" is text","size":-1e999,"big":' + "9" * 400 + ".5}"),
        (MESSAGE, '{"role":"user","content":"both \\udc00","size":1E+400}'),
    )
    texts = [item.content_text for item in ledger.queries.transcript(TENANT, "unparsable")]
    assert texts == ["cut \ufffd here \U0001f600 and \\ud800", '1e999 " is text', "both \ufffd"]


def test_graph_folds_start_and_end_call_and_result(ledger: LedgerDatabase) -> None:
    ledger.record(
        "graph",
        ("system.workflow_started", {"name": "refund"}),
        (
            WORKFLOW,
            {"entity": "task", "entity_id": "t1", "phase": "started", "parent_entity_id": "graph"},
            {"cause": 1},
        ),
        (CALL, {"tool_call_id": "c1", "name": "pay", "agent": "clerk"}, {"cause": 2}),
        (STATE, {"kind": "tool.started", "tool_call_id": "c1"}, {"cause": 3}),
        (RESULT, {"tool_call_id": "c1", "status": "error"}, {"cause": 3}),
        (WORKFLOW, {"entity": "task", "entity_id": "t1", "phase": "completed"}, {"cause": 5, "caused_by": [2]}),
        (WORKFLOW, {"entity": "task", "entity_id": "t2", "phase": "started", "depends_on": ["t1", "ghost"]}),
        (STATE, {"kind": "handoff", "from_agent": "clerk", "to_agent": "boss"}),
        (MESSAGE, {"agent": "boss", "content": "no"}, {"cause": "never came"}),
        (MESSAGE, {"content": "x"}, {"cause": "there", "causation_correlation_id": "other-run"}),
        (
            "system.workflow_event",
            {"entity": "run", "entity_id": "r2", "forked_from": {"correlation_id": "old", "sequence_no": 4}},
        ),
    )
    nodes = {node.node_id: node for node in ledger.queries.workflow_nodes(TENANT, "graph")}
    assert (nodes["call:c1"].status, nodes["call:c1"].events, nodes["call:c1"].name) == ("failed", 3, "pay")
    assert (nodes["call:c1"].first_sequence_no, nodes["call:c1"].last_sequence_no) == (3, 5)
    assert nodes["task:t1"].status == "completed"
    assert (nodes["task:t2"].status, nodes["task:t2"].ended_at) == ("running", None)
    assert (nodes["workflow:graph"].status, nodes["workflow:graph"].name) == ("running", "refund")
    assert nodes["agent:boss"].kind == "agent"
    found = {
        (edge.kind, edge.from_node, edge.to_node, edge.resolved)
        for edge in ledger.queries.workflow_edges(TENANT, "graph")
    }
    assert found == {
        ("cause", "workflow:graph", "task:t1", True),
        ("cause", "task:t1", "call:c1", True),
        ("cause", "call:c1", "call:c1", True),
        ("cause", "call:c1", "task:t1", True),
        ("caused_by", "task:t1", "task:t1", True),
        ("call_result", "call:c1", "call:c1", True),
        ("parent", "workflow:graph", "task:t1", True),
        ("depends_on", "task:t1", "task:t2", True),
        ("depends_on", "", "task:t2", False),
        ("handoff", "agent:clerk", "agent:boss", True),
        ("cause", "", f"event:{event_id('graph', 9)}", False),
        ("external", "", f"event:{event_id('graph', 10)}", True),
        ("fork", "", "run:r2", True),
    }


def test_a_batch_of_calls_is_linked_to_the_right_results(ledger: LedgerDatabase) -> None:
    ledger.record(
        "fan",
        (MESSAGE, {"content": "both"}),
        (CALL, {"calls": [{"tool_call_id": "x"}, {"tool_call_id": "y"}]}, {"cause": 1}),
        (RESULT, {"tool_call_id": "y", "status": "denied"}, {"cause": 2}),
        (RESULT, {"tool_call_id": "x"}, {"cause": 2}),
    )
    edges = ledger.queries.workflow_edges(TENANT, "fan")
    said = f"event:{event_id('fan', 1)}"
    assert sorted((edge.from_node, edge.to_node) for edge in edges if edge.kind == "cause") == [
        ("call:x", "call:x"),
        ("call:y", "call:y"),
        (said, "call:x"),
        (said, "call:y"),
    ]
    nodes = {node.node_id: node.status for node in ledger.queries.workflow_nodes(TENANT, "fan")}
    assert (nodes["call:x"], nodes["call:y"]) == ("completed", "cancelled")


def test_a_bill_counts_each_model_call_once(ledger: LedgerDatabase) -> None:
    ledger.record(
        "bill",
        (STATE, _usage("m1", input_uncached=900, output_text=10)),
        (MESSAGE, _usage("m1", input_uncached=1000, output_text=20)),  # the same call again: the last report counts
        (MESSAGE, _usage("m1", input_uncached=5) | {"attempt": 2}),
        (MESSAGE, _usage("", output_text=1)),
        (MESSAGE, _usage("", output_text=1)),
        (STATE, _usage("m9", input_uncached=10**6, scope="rollup")),
        (MESSAGE, _usage("m2", input_uncached=7) | {"model": "no-such-model"}),
        (MESSAGE, _usage("m3", reported={"total": 11})),
        (MESSAGE, _usage("m4", input_uncached=-5, output_text=10**15)),
    )
    charges = ledger.queries.charges(TENANT, "bill")
    assert [(charge.sequence_no, charge.bucket, charge.tokens, charge.amount) for charge in charges] == [
        (2, "input_uncached", 1000, Decimal("0.001")),
        (2, "output_text", 20, Decimal("0.00008")),
        (3, "input_uncached", 5, Decimal("0.000005")),
        (4, "output_text", 1, Decimal("0.000004")),
        (5, "output_text", 1, Decimal("0.000004")),
        (7, "input_uncached", 7, None),
        (8, "unknown", 11, None),
    ]
    assert charges[0].price_id == "demo/demo-model/input_uncached@2020-01-01"
    assert [charge.unpriced for charge in charges] == [False] * 5 + [True] * 2
    unpriced, priced = ledger.queries.billing_by_run(TENANT, "bill")
    assert (unpriced.currency, unpriced.amount, unpriced.tokens, unpriced.unpriced_lines) == ("", None, 18, 2)
    assert (priced.currency, priced.amount, priced.model_calls) == ("USD", Decimal("0.001093"), 4)
    assert (priced.input_tokens, priced.output_tokens, priced.models) == (1005, 22, ["demo-model"])


def test_a_cumulative_series_counts_its_increases(ledger: LedgerDatabase) -> None:
    totals = [10, 25, 25, 40]
    reports = [_usage("", input_uncached=total, counter="cumulative", series="thread") for total in totals]
    ledger.record("series", *((STATE, report) for report in reports), (STATE, _usage("", input_uncached=3)))
    assert [charge.tokens for charge in ledger.queries.charges(TENANT, "series")] == [10, 15, 0, 15, 3]
    (bill,) = ledger.queries.billing_by_run(TENANT, "series")
    assert bill.tokens == 43


def test_the_price_in_force_when_it_was_recorded_counts(ledger: LedgerDatabase) -> None:
    key = "provider, model, service_tier, batch, bucket, valid_from"
    columns = f"{key}, price_id, price_per_million, currency, source, version"
    for day, price in (("2025-01-01", 1), ("2025-11-20 12:00:02", 3)):
        ledger.client.command(
            f"INSERT INTO model_prices_versions ({columns}) VALUES ('lab', 'm', '', false, 'output_text', '{day}', "
            f"'lab@{day}', {price}, 'EUR', 'test', 1)"
        )
    usage = {"model": "M", "provider": "Lab", "usage": {"output_text": 1_000_000, "service_tier": "default"}}
    ledger.record("priced", (MESSAGE, usage), (MESSAGE, usage), (MESSAGE, usage))
    charges = ledger.queries.charges(TENANT, "priced")
    assert [charge.amount for charge in charges] == [Decimal(1), Decimal(3), Decimal(3)]


def test_runs_say_how_they_ended(ledger: LedgerDatabase) -> None:
    sub = {"entity": "workflow", "entity_id": "sub", "parent_entity_id": "top"}
    ledger.record(
        "open",
        ("system.workflow_started", {"workflow_name": "refund", "user_id": "u-17", "entity_id": "top"}),
        (WORKFLOW, sub | {"phase": "started"}),
        ("execution.run_started", {"agent": "clerk"}),
        (MESSAGE, {"role": "user", "content": "hi"} | _usage("m", output_text=1_000_000)),
        ("execution.run_completed", {"agent": "clerk"}),
        ("system.task_failed", {"entity_id": "t"}),
        (WORKFLOW, sub | {"phase": "failed"}),
    )
    run = ledger.queries.run(TENANT, "open")
    assert run is not None
    assert (run.status, run.workflow_name, run.user_id, run.events, run.messages) == ("running", "refund", "u-17", 7, 1)
    assert (run.agents, run.costs, run.tokens, run.missing) == (["clerk"], {"USD": Decimal(4)}, 1_000_000, 0)
    end = ledger_row("open", 8, "system.workflow_cancelled", {"entity_id": "top"})
    ledger.insert([end])
    run = ledger.queries.run(TENANT, "open")
    assert run is not None
    assert (run.status, run.phase, run.events) == ("failed", "cancelled", 8)
    assert ledger.queries.run(TENANT, "no such run") is None


def test_runs_are_listed_latest_first_for_one_tenant(ledger: LedgerDatabase) -> None:
    for number, (tenant, run) in enumerate([("a", "r1"), ("a", "r2"), ("b", "r1")]):
        recorded = int((NOON + timedelta(hours=number)).timestamp()) * 1_000_000
        ledger.insert([ledger_row(run, 1, "execution.run_completed", {}, tenant_id=tenant, recorded_at=recorded)])
    listed = [(run.correlation_id, run.status) for run in ledger.queries.runs("a")]
    assert listed == [("r2", "completed"), ("r1", "completed")]
    assert [run.correlation_id for run in ledger.queries.runs("a", limit=1)] == ["r2"]
    assert ledger.queries.runs("c") == []


def test_gaps_are_the_numbers_that_are_missing(ledger: LedgerDatabase) -> None:
    # as the sequencer records them: 7 was in quarantine by then, 4 came too late
    recorded = [(1, 1, False), (2, 0, False), (5, 2, False), (9, 2, False), (4, 0, True)]
    said = [{"source_instance": "i", "source_seq": n, "gap_before": gap, "late": late} for n, gap, late in recorded]
    ledger.record("gappy", *((MESSAGE, {}, fields) for fields in said))
    ledger.client.command(
        "INSERT INTO quarantine_versions (input_epoch, input_partition, input_offset, tenant_id, correlation_id, "
        "source_instance, source_seq, reason, first_seen, version) "
        "VALUES (1, 0, 77, 'acme', 'gappy', 'i', 7, 'too_large', 0, 1)"
    )
    gaps = [(gap.missing_from, gap.missing_to, gap.missing) for gap in ledger.queries.gaps_of_run(TENANT, "gappy")]
    assert gaps == [(0, 0, 1), (3, 3, 1), (6, 6, 1), (8, 8, 1)]
    run = ledger.queries.run(TENANT, "gappy")
    assert run is not None
    assert run.missing == 4
    assert [gap.before_sequence_no for gap in ledger.queries.gaps_of_run(TENANT, "gappy")] == [1, 5, 0, 4]


def test_numbers_that_duplicates_used_up_are_no_gap(ledger: LedgerDatabase) -> None:
    # 1 and 2: duplicates with numbers of their own; 4: lost; 6, 7: one of them lost, one a duplicate's
    recorded = [(0, 0, False), (3, 0, False), (5, 1, False), (8, 1, False)]
    said = [{"source_instance": "i", "source_seq": n, "gap_before": gap, "late": late} for n, gap, late in recorded]
    ledger.record("used", *((MESSAGE, {}, fields) for fields in said))
    gaps = [(gap.missing_from, gap.missing_to, gap.missing) for gap in ledger.queries.gaps_of_run(TENANT, "used")]
    assert gaps == [(4, 4, 1), (6, 7, 1)]


def test_held_and_quarantine_show_the_latest_state(ledger: LedgerDatabase) -> None:
    place = "input_epoch, input_partition, input_offset, tenant_id, correlation_id, version, deleted"
    for table in ("held_versions", "quarantine_versions"):
        for offset, version, deleted in ((1, 10, 0), (1, 11, 1), (1, 10, 0), (2, 12, 0), (2, 13, 0)):
            ledger.client.command(
                f"INSERT INTO {table} ({place}) VALUES (1, 0, {offset}, 'waiting', 'r', {version}, {deleted})"
            )
    assert [(row.input_offset, row.state_offset) for row in ledger.queries.held("waiting")] == [(2, 13)]
    assert [(row.input_offset, row.quarantine_offset) for row in ledger.queries.quarantine("waiting")] == [(2, 13)]
    assert ledger.queries.held("acme") == []


def test_original_bytes_survive_quarantine(ledger: LedgerDatabase) -> None:
    ledger.client.command(
        "INSERT INTO quarantine_versions (input_epoch, input_partition, input_offset, tenant_id, message_key, "
        "original, reason) VALUES (2, 1, 5, 'raw', unhex('00FF'), unhex('C301FFFE00'), 'undecodable')"
    )
    row = ledger.queries.quarantined("raw", 2, 1, 5)
    assert row is not None
    assert (row.message_key, row.original, row.reason) == (b"\x00\xff", b"\xc3\x01\xff\xfe\x00", "undecodable")
    assert ledger.queries.quarantined("raw", 2, 1, 6) is None


def _everything(ledger: LedgerDatabase, run: str) -> list[Any]:
    read = ledger.queries
    questions = (read.run_items, read.transcript, read.workflow_nodes, read.workflow_edges, read.charges, read.events)
    answers = [astuple(row) for question in questions for row in question(TENANT, run)]
    return [*answers, read.run(TENANT, run)]


def test_a_replay_changes_nothing_with_or_without_its_token(ledger: LedgerDatabase) -> None:
    rows = list(
        numbered(
            "again",
            [
                ("system.workflow_started", {}),
                (CALL, {"calls": [{"tool_call_id": "1"}, {"tool_call_id": "2"}]}, {"cause": 1}),
                (MESSAGE, _usage("m", output_text=5), {"cause": 2}),
            ],
        )
    )
    ledger.insert(rows, token="first")
    before = _everything(ledger, "again")
    ledger.insert(rows, token="first")
    tables = ("ledger", "run_items", "workflow_facts", "usage_lines")
    counts = [ledger.one(f"SELECT count() FROM {table} WHERE correlation_id = 'again'") for table in tables]
    assert counts == [3, 4, 4, 1], "the token did not stop the repeated block in every table"
    ledger.insert(rows, token="beyond the window")
    assert ledger.one("SELECT count() FROM ledger WHERE correlation_id = 'again'") == 6, "no duplicate was written"
    assert _everything(ledger, "again") == before


def test_errors_keep_the_servers_code(ledger: LedgerDatabase) -> None:
    missing = LedgerQueries(ledger.client, "no_such_database")
    with pytest.raises(QueryFailed, match="query held") as caught:
        missing.held(TENANT)
    assert (caught.value.server_code, caught.value.server_name) == (81, "UNKNOWN_DATABASE")


def test_a_server_that_is_gone_is_unavailable() -> None:
    from chatsnapshot_projections.clickhouse_client import connect
    from chatsnapshot_schemas.connections import ClickHouseConnection

    with pytest.raises(ClickHouseUnavailable, match=r"127\.0\.0\.1:9"):
        connect(ClickHouseConnection(url="http://127.0.0.1:9"))
