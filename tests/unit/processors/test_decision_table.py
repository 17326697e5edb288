"""One test per row of the decision table (DESIGN section 5)."""

import hashlib

import pytest

from chatsnapshot_processors.core.policy import SequencingPolicy
from chatsnapshot_processors.core.records import Duplicate, InputRecord, Quarantined, Recorded, StateChange
from chatsnapshot_schemas.avro_schema import ledger_schema
from chatsnapshot_schemas.chain import genesis_hash, is_intact
from chatsnapshot_schemas.codec import encode_plain
from chatsnapshot_schemas.partitioning import message_key, partition_of
from chatsnapshot_schemas.rules import Plain
from tests.unit.processors.event_values import PREFIX, event, id_of, value_of
from tests.unit.processors.lane_in_memory import SECOND, Lane, names, reasons, rows


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "undecodable"),
        (b"", "undecodable"),
        (b"no framing at all", "undecodable"),
        (PREFIX, "undecodable"),
        (value_of(event("a"))[:-1], "undecodable"),
        (value_of(event("a")) + b"\0", "undecodable"),
        (PREFIX[:2] + b"\1" * 8 + encode_plain(event("a")), "unknown_schema"),
        (b"\0\0\0\0\7" + encode_plain(event("a")), "unknown_schema"),
    ],
)
def test_what_is_not_strictly_decodable_goes_to_quarantine(value: bytes | None, reason: str) -> None:
    lane = Lane()
    assert lane.send(value) == lane.quarantine
    assert reasons(lane) == [reason]
    first = lane.quarantine[0]
    assert first == Quarantined(InputRecord(0, 0, b"key", value), first.reason, first.detail, 1, 0)


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"event_id": id_of("a").upper()}, "invalid_envelope", "event_id"),
        ({"tenant_id": "no spaces"}, "invalid_envelope", "tenant_id"),
        ({"run": "x" * 257}, "too_large", "correlation_id"),
        ({"source": {"instance": ""}}, "invalid_envelope", "source.instance"),
        ({"seq": -1}, "invalid_envelope", "source_seq"),
        ({"timestamp": 2**62}, "invalid_envelope", "timestamp"),
        ({"event_type": "other.thing"}, "invalid_envelope", "event_type"),
        ({"payload": "[1]"}, "invalid_envelope", "payload"),
        ({"payload": '{"a":NaN}'}, "invalid_envelope", "payload"),
        ({"payload": '{"a":"' + "x" * 262_144 + '"}'}, "too_large", "payload"),
        ({"payload": '{"a":' + "[" * 64 + "]" * 64 + "}"}, "too_large", "payload"),
        ({"caused_by": [id_of("b")]}, "invalid_envelope", "caused_by"),
    ],
)
def test_a_broken_rule_goes_to_quarantine_naming_its_field(changes: Plain, reason: str, field: str) -> None:
    lane = Lane()
    lane.send(event("a", **changes))
    assert reasons(lane) == [reason]
    assert lane.quarantine[0].detail.startswith(f"{field}: ")
    assert not lane.ledger


def test_a_number_too_far_ahead_goes_to_quarantine_and_uses_up_nothing() -> None:
    lane = Lane()
    lane.send(event("jump", seq=1_000_001))
    assert reasons(lane) == ["source_seq_jump"]
    assert not lane.state_topic
    lane.send(event("just within", seq=1_000_000))
    assert len(lane.held) == 1
    lane.send(event("first", seq=0))
    lane.send(event("farther", seq=1_000_002))
    lane.send(event("at the limit", seq=1_000_001))
    assert reasons(lane) == ["source_seq_jump"] * 2
    assert [held.event_id for held in lane.held] == [id_of("just within"), id_of("at the limit")]


def test_the_wrong_partition_goes_to_quarantine() -> None:
    home = partition_of(message_key("default", "run"), 8)
    right, wrong = Lane(partition=home, partitions=8), Lane(partition=(home + 1) % 8, partitions=8)
    for lane in (right, wrong):
        lane.send(event("a", seq=0))
        lane.send(event("b", seq=0))
    assert names(right) == ["a", "b"]
    assert reasons(wrong) == ["misrouted", "misrouted"]
    assert not wrong.state_topic
    assert f"belongs to partition {home}" in wrong.quarantine[0].detail


def test_the_same_fact_again_is_dropped_and_counted() -> None:
    lane = Lane()
    lane.send(event("a"))
    again = lane.send(event("a", timestamp=1, headers={"k": "v"}, source={"agent": "another"}))
    assert again == lane.duplicates
    assert [one.replay for one in lane.duplicates] == [False]
    assert lane.sequencer.counts.duplicates == 1
    assert names(lane) == ["a"]


def test_the_same_fact_again_while_it_is_held_is_dropped() -> None:
    lane = Lane()
    lane.send(event("b", cause="a"))
    again = lane.send(event("b", cause="a"))
    assert [type(one) for one in again] == [Duplicate]
    lane.send(event("a"))
    assert names(lane) == ["a", "b"]


@pytest.mark.parametrize("cause", [None, "missing"])
def test_the_same_input_record_again_is_a_replay(cause: str | None) -> None:
    lane = Lane()
    record = InputRecord(0, 0, b"key", value_of(event("a", cause=cause, seq=0)))
    lane.decide(record)
    before = dict(lane.state_topic)
    assert lane.decide(record) == [Duplicate(record, replay=True)]
    assert (lane.sequencer.counts.replays, lane.sequencer.counts.duplicates) == (1, 0)
    assert lane.state_topic == before


def test_the_same_offset_of_another_epoch_is_no_replay() -> None:
    lane = Lane(epoch=1)
    record = InputRecord(0, 0, b"key", value_of(event("a")))
    lane.decide(record)
    lane.place["epoch"] = 2
    lane.restart()
    assert lane.decide(record) == [Duplicate(record, replay=False)]


REF = {"uri": "blob://x", "sha256": "ab" * 32, "bytes": 5}


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize(
    "change",
    [
        {"event_type": "execution.state_change"},
        {"cause": "other"},
        {"subject_id": "u-1"},
        {"payload": '{"name": "a"}'},
        {"payload_ref": REF},
    ],
)
def test_the_same_id_for_another_fact_is_a_conflict(change: Plain, held: bool) -> None:
    lane = Lane()
    first: Plain = {"cause": "missing"} if held else {}
    lane.send(event("a", **first))
    lane.send(event("a", **{**first, **change}))
    assert reasons(lane) == ["event_id_conflict"]
    assert len(lane.ledger) + len(lane.held) == 1


def test_another_place_of_the_full_payload_is_the_same_fact() -> None:
    lane = Lane()
    lane.send(event("a", payload_ref=REF))
    lane.send(event("a", payload_ref={**REF, "uri": "blob://moved", "bytes": 6}))
    assert len(lane.duplicates) == 1


def test_the_same_id_in_another_correlation_is_another_event() -> None:
    lane = Lane()
    lane.send(event("a", run="one"))
    lane.send(event("a", run="two", payload="{}"))
    lane.send(event("a", run="one", tenant_id="another", payload="{}"))
    assert len(lane.ledger) == 3
    assert not lane.quarantine


def test_an_event_among_its_own_causes_goes_to_quarantine() -> None:
    lane = Lane()
    lane.send(event("a", cause="a"))
    lane.send(event("r"))
    lane.send(event("b", cause="r", caused_by=("b",)))
    lane.send(event("c", cause="r", caused_by=("c",), causation_correlation_id="elsewhere"))
    assert reasons(lane) == ["self_cause"] * 3
    assert names(lane) == ["r"]


def test_the_same_id_elsewhere_may_be_a_cause() -> None:
    lane = Lane()
    lane.send(event("a", cause="a", causation_correlation_id="elsewhere"))
    assert rows(lane) == [("a", "external", 0, False)]


def test_no_cause_is_a_root() -> None:
    lane = Lane()
    outputs = lane.send(event("a"), at=5)
    assert [type(one) for one in outputs] == [Recorded]
    assert rows(lane) == [("a", "root", 0, False)]


@pytest.mark.parametrize("own", [None, "run"])
def test_a_cause_that_is_not_recorded_yet_holds(own: str | None) -> None:
    lane = Lane()
    outputs = lane.send(event("b", cause="a", causation_correlation_id=own), at=1)
    assert [type(one) for one in outputs] == [StateChange]
    assert [(held.event_id, held.deadline) for held in lane.held] == [(id_of("b"), 31 * SECOND)]
    assert lane.held[0].waiting_for == f"cause {id_of('a')}"
    lane.send(event("a"), at=2)
    assert rows(lane) == [("a", "root", 0, False), ("b", "linked", 0, False)]
    assert not lane.state_topic


def test_every_further_cause_is_waited_for() -> None:
    lane = Lane()
    lane.send(event("d", cause="a", caused_by=("b", "c", "a")))
    for name in ("c", "a"):
        lane.send(event(name))
    assert names(lane) == ["c", "a"]
    lane.send(event("b"))
    assert names(lane) == ["c", "a", "b", "d"]


def test_a_cause_that_is_held_is_not_recorded_yet() -> None:
    lane = Lane()
    lane.send(event("b", cause="a"))
    lane.send(event("c", cause="b"))
    assert len(lane.held) == 2
    lane.send(event("a"))
    assert names(lane) == ["a", "b", "c"]


def test_a_cause_in_another_correlation_is_external_at_once() -> None:
    lane = Lane()
    lane.send(event("a"))
    lane.send(event("b", cause="x", causation_correlation_id="elsewhere"))
    lane.send(event("c", cause="x", causation_correlation_id="elsewhere", caused_by=("a",)))
    lane.send(event("d", cause="x", causation_correlation_id="elsewhere", caused_by=("z",)))
    assert rows(lane)[1:] == [("b", "external", 0, False), ("c", "external", 0, False)]
    lane.send(event("z"))
    assert rows(lane)[-1] == ("d", "external", 0, False)


def test_the_expected_number_and_no_number_go_on() -> None:
    lane = Lane()
    for name, seq in (("a", 0), ("b", None), ("c", 1), ("d", None), ("e", 2)):
        lane.send(event(name, seq=seq))
    lane.send(event("other instance", seq=0, instance="j"))
    lane.send(event("other run", seq=0, run="two"))
    assert [(gap, late) for _, _, gap, late in rows(lane)] == [(0, False)] * 6
    assert len(lane.ledger) == 7


def test_a_number_beyond_the_expected_holds() -> None:
    lane = Lane()
    lane.send(event("c", seq=2))
    lane.send(event("b", seq=1))
    assert lane.held[0].waiting_for == "source_seq 0 of i"
    assert not lane.ledger
    lane.send(event("a", seq=0))
    assert rows(lane) == [(name, "root", 0, False) for name in "abc"]
    assert not lane.state_topic


def test_a_number_below_the_expected_that_was_missing_is_late() -> None:
    lane = Lane()
    lane.send(event("b", seq=1), at=0)
    lane.tick(30)
    lane.send(event("a", seq=0))
    assert rows(lane) == [("b", "root", 1, False), ("a", "root", 0, True)]
    assert (lane.sequencer.counts.late, lane.sequencer.counts.source_seq_reused) == (1, 0)


def test_a_number_below_the_expected_that_another_id_has_is_late_and_counted_as_reused() -> None:
    lane = Lane()
    lane.send(event("a", seq=0))
    lane.send(event("other", seq=0))
    assert rows(lane) == [("a", "root", 0, False), ("other", "root", 0, True)]
    assert (lane.sequencer.counts.late, lane.sequencer.counts.source_seq_reused) == (1, 1)


def test_a_predecessor_that_does_not_come_is_a_gap() -> None:
    lane = Lane()
    lane.send(event("a", seq=0), at=0)
    lane.send(event("e", seq=4), at=1)
    lane.tick(30.999999)
    assert names(lane) == ["a"]
    lane.tick(31)
    assert rows(lane)[1:] == [("e", "root", 3, False)]
    assert (lane.sequencer.counts.gaps, lane.sequencer.counts.missing) == (1, 3)


def test_a_cause_that_does_not_come_is_unresolved() -> None:
    lane = Lane()
    lane.send(event("b", cause="a"), at=0)
    lane.send(event("c", cause="x", causation_correlation_id="elsewhere", caused_by=("a",)))
    lane.tick(30)
    assert rows(lane) == [("b", "unresolved", 0, False), ("c", "unresolved", 0, False)]
    lane.send(event("a"))
    assert names(lane) == ["b", "c", "a"]


def test_a_cause_that_does_not_come_under_strict_goes_to_quarantine() -> None:
    lane = Lane(SequencingPolicy(cause_policy="strict"))
    lane.send(event("b", cause="a", seq=0), at=0)
    lane.send(event("c", seq=1), at=0)
    lane.tick(30)
    assert reasons(lane) == ["cause_missing"]
    assert lane.quarantine[0].detail.endswith(id_of("a"))
    assert rows(lane) == [("c", "root", 0, False)]
    assert not lane.held


def test_a_missing_predecessor_is_a_gap_under_strict_too() -> None:
    lane = Lane(SequencingPolicy(cause_policy="strict"))
    lane.send(event("b", seq=1), at=0)
    lane.tick(30)
    assert rows(lane) == [("b", "root", 1, False)]


def test_the_record_is_the_design_s() -> None:
    lane = Lane()
    lane.send(event("a"), at=1)
    lane.send(event("c", cause="b", seq=1), at=2)
    lane.send(event("b", seq=0), at=3)
    first, second, third = lane.records
    assert first["prev_hash"] == genesis_hash("default", "run")
    assert [second["prev_hash"], third["prev_hash"]] == [first["hash"], second["hash"]]
    assert [plain["sequence_no"] for plain in lane.records] == [1, 2, 3]
    assert [plain["recorded_at"] for plain in lane.records] == [1 * SECOND, 3 * SECOND, 2 * SECOND]
    assert [plain["input_offset"] for plain in lane.records] == [0, 2, 1]
    assert {(plain["input_epoch"], plain["input_partition"]) for plain in lane.records} == {(1, 0)}
    assert all(is_intact(body) for body in lane.ledger)
    body = lane.ledger[2]
    assert body[:32] == hashlib.sha256(ledger_schema().fingerprint + body[32:]).digest()
    assert body.endswith(encode_plain(event("c", cause="b", seq=1)))
