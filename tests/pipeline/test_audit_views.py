"""Audit trail, compliance log and unresolved causes: on the real endpoint, worked out by hand."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chatsnapshot_projections.trail_rows import ActionRow
from tests.fixtures.ledger_blocks import NOON, TENANT, LedgerDatabase, event_id, ledger_row

MESSAGE, CALL, RESULT = "execution.message", "execution.tool_call", "execution.tool_result"
STATE, ANSWER = "execution.state_change", "ui.interaction"
INTEGRATION = "integration.call"


@pytest.fixture(scope="module")
def ledger(clickhouse_url: str) -> Iterator[LedgerDatabase]:
    database = LedgerDatabase(clickhouse_url)
    yield database
    database.drop()


def _actions(ledger: LedgerDatabase, run: str) -> list[ActionRow]:
    return ledger.queries.audit_trail(TENANT, run)


def _approved_run(ledger: LedgerDatabase) -> None:
    call = {"tool_call_id": "c1", "agent": "clerk"}
    bank = {"call_id": "x", "service": "bank", "operation": "transfer"}
    ledger.record(
        "audit",
        ("system.workflow_started", {"name": "refund", "user_id": "u-17"}),
        (MESSAGE, {"role": "user", "content": "my money"}),
        (CALL, call | {"name": "pay", "arguments": {"eur": 5}, "approval_required": True}),
        (STATE, call | {"kind": "approval.requested", "request_id": "q1", "prompt": "Pay?"}),
        ("ui.approval_given", {"request_id": "q1", "decision": "approve", "user_id": "boss"}),
        (RESULT, call | {"status": "ok"}),
        (INTEGRATION, bank | {"phase": "started", "request": {"eur": 5}}, {"subject_id": "p-9"}),
        (INTEGRATION, {"call_id": "x", "phase": "failed", "error": {"message": "no funds"}}),
        (STATE, {"kind": "handoff", "from_agent": "clerk", "to_agent": "lawyer", "agent": "clerk", "reason": "angry"}),
        ("system.workflow_failed", {"name": "refund"}),
    )  # fmt: skip


def test_audit_trail_says_who_did_what_for_whom_and_who_approved(ledger: LedgerDatabase) -> None:
    _approved_run(ledger)
    actions = _actions(ledger, "audit")
    assert [
        (a.sequence_no, a.last_sequence_no, a.actor_kind, a.actor, a.action_kind, a.action, a.outcome) for a in actions
    ] == [
        (1, 1, "service", "tests", "lifecycle", "refund started", "started"),
        (3, 6, "agent", "clerk", "tool_call", "pay", "ok"),
        (4, 4, "agent", "clerk", "request", "Pay?", ""),
        (5, 5, "person", "boss", "decision", "approve", "approve"),
        (7, 8, "service", "tests", "integration_call", "bank.transfer", "failed"),
        (9, 9, "agent", "clerk", "handoff", "lawyer", ""),
        (10, 10, "service", "tests", "lifecycle", "refund failed", "failed"),
    ]
    assert {action.on_behalf_of for action in actions} == {"u-17"}
    paid, asked = actions[1], actions[2]
    assert (paid.approval_required, paid.approval, paid.approved_by, paid.approval_sequence_no) == (
        True,
        "approve",
        "boss",
        5,
    )
    assert paid.approved_at == NOON + timedelta(seconds=5)
    assert (paid.arguments, paid.tool_call_id) == ('{"eur":5}', "c1")
    assert paid.record_hash == (3).to_bytes(32, "big").hex()
    assert (str(paid.event_id), str(paid.last_event_id)) == (event_id("audit", 3), event_id("audit", 6))
    assert (asked.approval, asked.approved_by, asked.request_id) == ("approve", "boss", "q1")
    assert (actions[4].approval, actions[4].approved_at, actions[4].error) == ("", None, "no funds")
    assert (actions[4].subject_id, actions[4].arguments) == ("p-9", '{"eur":5}')


def test_of_several_answers_the_last_counts_and_attempts_are_actions_of_their_own(ledger: LedgerDatabase) -> None:
    ask = {"kind": "approval.requested", "request_id": "q", "tool_call_id": "c"}
    ledger.record(
        "twice",
        (CALL, {"tool_call_id": "c", "name": "pay"}),
        (STATE, ask),
        (ANSWER, {"request_id": "q", "decision": "reject", "user_id": "a"}),
        (RESULT, {"tool_call_id": "c", "status": "denied"}),
        (CALL, {"tool_call_id": "c", "name": "pay", "attempt": 2}),
        (ANSWER, {"request_id": "q", "decision": "approve", "user_id": "b"}),
        (RESULT, {"tool_call_id": "c", "attempt": 2}),
        (CALL, {"tool_call_id": "never", "name": "mail"}),
        (STATE, {"kind": "approval.requested", "request_id": "q9", "tool_call_id": "never"}),
    )
    calls = [action for action in _actions(ledger, "twice") if action.action_kind == "tool_call"]
    assert [
        (call.sequence_no, call.last_sequence_no, call.outcome, call.approval, call.approved_by) for call in calls
    ] == [
        (1, 4, "denied", "approve", "b"),
        (5, 7, "completed", "approve", "b"),
        (8, 8, "", "requested", ""),
    ]


def _concerns(ledger: LedgerDatabase, run: str, *concerns: str) -> list[tuple[Any, ...]]:
    return ledger.rows(
        "SELECT concern, sequence_no, subject, actor, action, detail FROM compliance_log "
        f"WHERE tenant_id = '{TENANT}' AND correlation_id = '{run}' ORDER BY sequence_no, concern"
    )


def test_compliance_log_lists_decisions_and_people_concerned(ledger: LedgerDatabase) -> None:
    ledger.record(
        "consent",
        ("system.workflow_started", {"user_id": "u-1"}),
        (CALL, {"tool_call_id": "ok", "name": "pay", "approval_required": True}),
        (ANSWER, {"tool_call_id": "ok", "decision": "approve", "user_id": "boss", "action": "clicked"}),
        (RESULT, {"tool_call_id": "ok", "status": "ok"}, {"subject_id": "p-9", "source_agent": "clerk"}),
    )
    assert _concerns(ledger, "consent") == [
        ("decision", 3, "u-1", "boss", "approve", "approve"),
        ("personal_data", 4, "p-9", "clerk", "execution.tool_result", "recorded by tests"),
    ]


def test_compliance_log_lists_what_ran_without_consent(ledger: LedgerDatabase) -> None:
    def asked(call: str) -> tuple[Any, ...]:
        return (STATE, {"kind": "approval.requested", "request_id": f"q-{call}", "tool_call_id": call})

    ledger.record(
        "no-consent",
        (CALL, {"tool_call_id": "none", "name": "a", "agent": "clerk", "approval_required": True}),  # 1
        (RESULT, {"tool_call_id": "none", "status": "ok"}),
        (CALL, {"tool_call_id": "open", "name": "b", "agent": "clerk"}),  # 3
        asked("open"),
        (RESULT, {"tool_call_id": "open", "status": "error"}),
        (CALL, {"tool_call_id": "no", "name": "c", "agent": "clerk"}),  # 6
        asked("no"),
        (ANSWER, {"request_id": "q-no", "decision": "reject", "user_id": "boss"}),  # 8
        (RESULT, {"tool_call_id": "no", "status": "ok"}),
        (CALL, {"tool_call_id": "after", "name": "d", "agent": "clerk"}),  # 10
        (RESULT, {"tool_call_id": "after", "status": "ok"}),
        (ANSWER, {"tool_call_id": "after", "decision": "approve", "user_id": "boss"}),  # 12
        (CALL, {"tool_call_id": "stopped", "name": "e", "agent": "clerk", "approval_required": True}),
        (RESULT, {"tool_call_id": "stopped", "status": "denied"}),
        (CALL, {"tool_call_id": "free", "name": "f", "agent": "clerk"}),
        (RESULT, {"tool_call_id": "free", "status": "ok"}),
    )
    found = [row for row in _concerns(ledger, "no-consent") if row[0] == "unapproved_action"]
    assert [(number, action, detail) for _, number, _, _, action, detail in found] == [
        (1, "a", "approval required, none recorded"),
        (3, "b", "approval asked for, no answer recorded"),
        (6, "c", "ran although the answer was reject"),
        (10, "d", "approved only afterwards by boss, at number 12"),
    ]
    assert {row[3] for row in found} == {"clerk"}


def test_compliance_log_lists_holes_in_the_record(ledger: LedgerDatabase) -> None:
    numbered = {"source_instance": "i"}
    ledger.record(
        "holes",
        (MESSAGE, {}, numbered | {"source_seq": 2, "gap_before": 2}),
        (MESSAGE, {}, numbered | {"source_seq": 1, "late": True}),
        (MESSAGE, {}, {"cause": "gone"} | {"name": "third"}),
        ("system.recording_failed", {"runtime": "ag2"}),
    )
    ledger.insert(
        [
            ledger_row("holes", 5, MESSAGE, {}, causation_id=event_id("holes", "gone"), cause=None)
            | {"cause": "unresolved"}
        ]
    )
    ledger.client.command(
        "INSERT INTO quarantine_versions (input_epoch, input_partition, input_offset, tenant_id, correlation_id, "
        f"event_type, reason, detail, first_seen, version) VALUES (7, 0, 1, '{TENANT}', 'holes', "
        "'execution.message', 'too_large', 'payload', 0, 1)"
    )
    assert [(row[0], row[1], row[5]) for row in _concerns(ledger, "holes")] == [
        ("quarantined", 0, "too_large: payload"),
        ("gap", 2, "numbers 0 to 0 of i, missing: 1"),
        ("late", 2, "number 1 of i"),
        ("recording_failed", 4, "a runtime adapter could not record everything"),
        ("unresolved_cause", 5, f"cause {event_id('holes', 'gone')} was never recorded"),
    ]


def test_an_unresolved_cause_heals_when_it_arrives(ledger: LedgerDatabase) -> None:
    def unresolved(number: int, **said: Any) -> dict[str, Any]:
        return ledger_row("causes", number, MESSAGE, {}, **said) | {"cause": "unresolved"}

    ledger.insert(
        [
            unresolved(1, cause="lost"),
            unresolved(2, cause="lost", caused_by=["held", "bad"]),
            unresolved(3, cause="own", causation_correlation_id="causes"),
            ledger_row("causes", 4, MESSAGE, {}, cause="there", causation_correlation_id="elsewhere"),
            ledger_row("other", 1, MESSAGE, {}, name="lost"),
        ]
    )
    for table, name in (("held_versions", "held"), ("quarantine_versions", "bad")):
        ledger.client.command(
            f"INSERT INTO {table} (input_epoch, input_partition, input_offset, tenant_id, correlation_id, event_id, "
            f"version) VALUES (8, 0, 1, '{TENANT}', 'causes', '{event_id('causes', name)}', 1)"
        )

    def missing() -> set[tuple[Any, ...]]:
        rows = ledger.queries.unresolved_causes(TENANT, "causes")
        return {(row.sequence_no, row.kind, str(row.cause_id), row.waits_in) for row in rows}

    lost, held, bad, own = (event_id("causes", name) for name in ("lost", "held", "bad", "own"))
    assert missing() == {
        (1, "cause", lost, ""),
        (2, "cause", lost, ""),
        (2, "caused_by", held, "held"),
        (2, "caused_by", bad, "quarantine"),
        (3, "cause", own, ""),
    }
    ledger.insert([ledger_row("causes", 5, MESSAGE, {}, name="lost"), ledger_row("causes", 6, MESSAGE, {}, name="own")])
    assert missing() == {(2, "caused_by", held, "held"), (2, "caused_by", bad, "quarantine")}


def test_a_cause_that_names_the_own_run_is_a_local_edge(ledger: LedgerDatabase) -> None:
    ledger.record("own-run", (MESSAGE, {}), (MESSAGE, {}, {"cause": 1, "causation_correlation_id": "own-run"}))
    (edge,) = ledger.queries.workflow_edges(TENANT, "own-run")
    assert (edge.kind, edge.from_sequence_no, edge.to_sequence_no, edge.resolved) == ("cause", 1, 2, True)
