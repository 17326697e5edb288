"""The way back out of quarantine, on the real parts."""

import json
from typing import Any

import pytest

from chatsnapshot.reading.sources import Sources
from chatsnapshot.redriving.redriver import Redriver
from chatsnapshot.redriving.selection import Scope
from tests.pipeline.redrive_world import RedriveWorld, headers_of, id_of, numbered, order, place_of
from tests.pipeline.sequencer_installation import event, event_id, input_record


@pytest.fixture
def world(redrive_world: RedriveWorld) -> RedriveWorld:
    return redrive_world


def test_a_misrouted_event_comes_into_its_run_late_and_the_run_tells_who_did_it(world: RedriveWorld) -> None:
    run = "misrouted"
    world.send(event(run, 0))
    world.misroute(event(run, 1), trace="kept")
    (row,) = world.waiting(correlation_id=run)
    (done,) = world.solve("redrive", id_of(row), "--by", "alice", "--because", "wrong partitioner")
    assert (done["result"], done["event_id"], done["edited"]) == ("redriven", event_id(run, 1), [])

    first, second, told = world.records(run, 3)
    assert [plain["sequence_no"] for plain in (first, second, told)] == [1, 2, 3]
    assert (second["envelope"]["event_id"], second["late"], second["gap_before"]) == (event_id(run, 1), True, 0)
    sent = {"partition": second["input_partition"], "offset": second["input_offset"]}
    assert done["sent"] == sent
    fact = told["envelope"]
    assert (fact["event_type"], fact["event_id"]) == ("system.event_redriven", done["fact_event_id"])
    said = json.loads(fact["payload"])["arguments"]
    assert (said["by"], said["because"], said["quarantine_id"]) == ("alice", "wrong partitioner", id_of(row))
    assert said["input"] == sent

    (again,) = world.sent_again(id_of(row))
    assert headers_of(again) == {"trace": b"kept", "chatsnapshot-redrive": id_of(row).replace("-", "/").encode()}
    shown = world.solved(id_of(row))
    assert (shown["solution"], shown["solved_by"], shown["because"]) == ("redriven", "alice", "wrong partitioner")
    assert bytes.fromhex(shown["original"]) == again.value() == input_record(event(run, 1))[1]
    assert world.rows(correlation_id=run) == []


def test_who_did_it_is_in_the_audit_trail_and_in_the_compliance_log(world: RedriveWorld) -> None:
    run = "audited"
    for number in (0, 1):
        world.misroute(numbered(run, number))
    first, second = sorted(world.waiting(2, correlation_id=run), key=lambda row: row.input_offset)
    world.solve("redrive", id_of(first), "--by", "alice")
    world.solve("discard", id_of(second), "--by", "bob", "--because", "a test")
    where = f"WHERE correlation_id = '{run}'"
    trail = f"SELECT action_kind, actor_kind, actor, action, outcome FROM audit_trail {where} ORDER BY sequence_no"
    assert world.query(trail, 2) == [
        ("redrive", "person", "alice", "redrive execution.message", "sent"),
        ("discard", "person", "bob", "discard execution.message", "discarded"),
    ]
    log = f"SELECT concern, actor, detail FROM compliance_log {where} ORDER BY sequence_no"
    assert world.query(log, 3) == [
        ("late", "tests", "recorded late"),
        ("redriven", "alice", f"{id_of(first)}, misrouted: sent"),
        ("discarded", "bob", f"{id_of(second)}, misrouted: discarded, because a test"),
    ]
    assert world.ledger.run(run).summary().status == "running"


def test_an_invalid_payload_is_refused_until_it_is_edited(world: RedriveWorld) -> None:
    run = "invalid"
    world.send(numbered(run, 0, payload="[1]"))
    (row,) = world.waiting(correlation_id=run)
    assert row.reason == "invalid_envelope"
    code, message = world.refused("redrive", id_of(row))
    assert (code, message) == ("invalid_envelope", "payload: a JSON object is needed, not an array")
    code, message = world.refused("redrive", id_of(row), "--set", "payload.amount=1")
    assert message.startswith("payload.amount: only keys of JSON objects")
    payload = '{"role": "user", "amount": 0.10}'
    (done,) = world.solve("redrive", id_of(row), "--payload", "-", stdin=payload)
    assert (done["event_id"], done["edited"]) == (event_id(run, 0), ["payload"])
    assert world.records(run, 2)[0]["envelope"]["payload"] == payload
    assert world.solved(id_of(row))["edited"] == "payload"


def test_one_field_is_changed_and_the_rest_stays_byte_for_byte(world: RedriveWorld) -> None:
    run = "one-field"
    world.send(numbered(run, 0, event_type="Execution.Message"))
    (row,) = world.waiting(correlation_id=run)
    arguments = ("--set", "event_type=execution.message", "--set", "correlation_id=other")
    assert world.refused("redrive", id_of(row), *arguments)[1].startswith("correlation_id: cannot be changed")
    world.solve("redrive", id_of(row), *arguments[:2], "--set", "payload.content=mended")
    recorded = world.records(run, 2)[0]["envelope"]
    expected = numbered(run, 0) | {"payload": '{"role":"user","content":"mended"}'}
    assert recorded == expected


def test_the_same_fact_recorded_by_then_is_solved_as_a_duplicate(world: RedriveWorld) -> None:
    run = "twice"
    world.misroute(numbered(run, 0))
    (row,) = world.waiting(correlation_id=run)
    world.send(numbered(run, 0))
    world.recorded(run, 1)
    code, message = world.refused("redrive", id_of(row), "--set", "timestamp=2026-01-01")
    assert (code, "edited event needs a new id" in message) == ("redrive_refused", True)
    (done,) = world.solve("redrive", id_of(row), "--by", "alice")
    assert (done["result"], done["sent"]) == ("duplicate", None)
    assert world.sent_again(id_of(row)) == []
    told = world.records(run, 2)[1]["envelope"]
    assert json.loads(told["payload"])["status"] == "duplicate"
    assert world.solved(id_of(row))["solution"] == "duplicate"


def test_another_fact_under_a_known_id_needs_a_new_one(world: RedriveWorld) -> None:
    run = "conflict"
    world.send(numbered(run, 0))
    world.send(numbered(run, 0, payload='{"other":1}'))
    (row,) = world.waiting(correlation_id=run)
    assert row.reason == "event_id_conflict"
    world.recorded(run, 1)
    code, message = world.refused("redrive", id_of(row))
    assert (code, "as another fact" in message) == ("redrive_refused", True)
    assert world.marks(id_of(row)) == []
    (done,) = world.solve("redrive", id_of(row), "--new-id")
    assert done["edited"] == ["event_id"]
    first, second, told = world.records(run, 3)
    assert second["envelope"]["event_id"] == done["event_id"] != first["envelope"]["event_id"]
    assert second["envelope"]["payload"] == '{"other":1}'
    assert json.loads(told["envelope"]["payload"])["arguments"]["original_event_id"] == event_id(run, 0)


def test_an_event_that_the_tables_do_not_show_yet_is_decided_by_the_sequencer(world: RedriveWorld) -> None:
    """The same fact is dropped, another one refused again: nothing is lost, nothing is there twice."""
    run = "behind"
    for payload in ('{"a":1}', '{"b":2}'):
        world.misroute(numbered(run, 0, payload=payload))
    first, second = sorted(world.waiting(2, correlation_id=run), key=lambda row: row.input_offset)
    blind = Redriver(_NoTables(world.settings, "default"), Scope(None))
    chosen = [blind.selection.one(place_of(row)) for row in (first, second)]
    assert [outcome.result for outcome in blind.solve(chosen[:1], order("alice"))] == ["redriven"]
    again = Redriver(_NoTables(world.settings, "default"), Scope(None))
    assert [outcome.result for outcome in again.solve(chosen[1:], order("alice"))] == ["redriven"]
    (row,) = world.waiting(correlation_id=run, reason="event_id_conflict")
    assert row.original == second.original
    assert len(world.records(run, 3)) == 3


def test_bytes_that_cannot_be_read_are_replaced_and_stay_readable(world: RedriveWorld) -> None:
    run, garbage = "replaced", b"\xc3\x01not an envelope"
    world.send_bytes(garbage, 1, b"no key of ours")
    (row,) = world.waiting(original=garbage)
    assert world.refused("redrive", id_of(row))[1].endswith("the bytes cannot be read, give the whole event instead")
    envelope = {
        "event_type": "execution.message",
        "timestamp": "2026-01-31T12:00:00Z",
        "source": {"origin": "agent", "runtime": "custom", "service": "by hand"},
        "correlation_id": run,
        "payload": {"role": "user", "content": "what it should have been"},
    }
    broken = json.dumps(envelope | {"event_type": "no family"})
    code, message = world.refused("redrive", id_of(row), "--envelope", "-", stdin=broken)
    assert (code, message.startswith("event_type: ")) == ("invalid_envelope", True)
    (done,) = world.solve("redrive", id_of(row), "--envelope", "-", stdin=json.dumps(envelope))
    assert (done["correlation_id"], done["edited"]) == (run, ["envelope"])
    assert world.records(run, 2)[0]["envelope"]["source"]["service"] == "by hand"
    assert bytes.fromhex(world.solved(id_of(row))["original"]) == garbage


def test_a_discarded_event_leaves_a_reason_and_its_bytes(world: RedriveWorld) -> None:
    run = "discarded"
    world.send(numbered(run, 0, payload="[]"))
    (row,) = world.waiting(correlation_id=run)
    assert world.run("quarantine", "discard", id_of(row)).code == 2
    assert "a reason is needed" in world.run("quarantine", "discard", id_of(row), "--because", " ").err
    (planned,) = world.solve("discard", id_of(row), "--because", "a test", "--dry-run")
    assert (planned["result"], world.marks(id_of(row))) == ("discarded", [])
    said = world.run("quarantine", "discard", id_of(row), "--because", "a test", "--by", "bob")
    assert said.out == f"{id_of(row)} discarded (invalid_envelope, run {run})\n"
    (told,) = world.records(run, 1)
    assert told["envelope"]["event_type"] == "system.event_discarded"
    shown = world.solved(id_of(row))
    assert (shown["solved_by"], shown["because"], shown["sent_offset"]) == ("bob", "a test", -1)
    assert bytes.fromhex(shown["original"]) == input_record(numbered(run, 0, payload="[]"))[1]
    text = world.run("quarantine", "show", id_of(row)).out
    assert text.startswith("discarded by bob at ")
    assert "because a test" in text
    code, message = world.refused("redrive", id_of(row))
    assert (code, message.startswith(f"{id_of(row)} was discarded by bob at ")) == ("already_solved", True)
    listed = world.run("quarantine", "list", "--solved").out
    assert id_of(row) in listed
    assert id_of(row) not in world.run("quarantine", "list").out


def test_a_discarded_number_is_no_gap(world: RedriveWorld) -> None:
    run = "no-gap"
    for number, payload in enumerate(('{"n":0}', "[]", '{"n":2}')):
        world.send(event(run, number, payload=payload))
    (row,) = world.waiting(correlation_id=run)
    world.solve("discard", id_of(row), "--because", "a test")
    world.solved(id_of(row))
    world.recorded(run, 3)
    assert world.ledger.run(run).summary().missing == 0
    verdict = json.loads(world.run("verify", run, "--json").out)
    assert (verdict["verdict"], verdict["counts"]) == ("intact and complete", {})


def test_records_of_another_tenant_are_not_touched(world: RedriveWorld) -> None:
    run = "foreign"
    world.misroute(numbered(run, 0, tenant_id="acme"))
    (row,) = world.waiting(tenant="acme", correlation_id=run)
    assert "no quarantine record" in world.run("quarantine", "redrive", id_of(row)).err
    mine = [record["id"] for record in world.solve("redrive", "--all", "--dry-run")]
    assert id_of(row) not in mine
    (done,) = world.solve("redrive", id_of(row), "--tenant", "acme")
    assert done["result"] == "redriven"


def test_what_is_held_waits_no_longer_than_before(world: RedriveWorld) -> None:
    """A commit marker is the last thing in the partition: ticks come all the same."""
    run = "held"
    world.misroute(numbered(run, 0))
    (row,) = world.waiting(correlation_id=run)
    world.send(numbered(run, 1, cause=event_id(run, 99)))
    world.solve("redrive", id_of(row))
    causes = [plain["cause"] for plain in world.records(run, 3)]
    assert sorted(causes) == ["root", "root", "unresolved"]


class _NoTables(Sources):
    """Tables that know no event yet."""

    @property
    def queries(self) -> Any:
        queries: Any = super().queries
        queries.known_facts = lambda runs, event_ids: []
        return queries
