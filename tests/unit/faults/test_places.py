"""(1) and (11): every input has one place; forged losses and doubles are found."""

import pytest

from chatsnapshot_schemas import headers as names
from tests.faults.lab import Acknowledged
from tests.faults.oracle.facts import Facts
from tests.faults.oracle.offsets import sink_offset_violations
from tests.faults.oracle.places import places_of
from tests.faults.oracle.seen import Committed, Seen
from tests.unit.faults.honest import NAMES, changed, examined, forged, honest, sequenced, violated, whats, without
from tests.unit.processors.event_values import event, value_of

KEY = b"default/run"


@pytest.fixture
def seen() -> Seen:
    return honest()


def mixed() -> Seen:
    """Four inputs: recorded, its duplicate, refused, held."""
    first = event("a")
    sent = [first, first, event("b", payload="[]"), event("c", cause="never")]
    return sequenced([(KEY, value_of(plain), 1_000 + at, ()) for at, plain in enumerate(sent)])


def test_nothing_is_wrong_with_what_is_right(seen: Seen) -> None:
    assert not examined(seen)
    assert not examined(mixed())


def test_each_place_is_told() -> None:
    places = places_of(Facts(mixed()))
    assert list(places.of.values()) == [["recorded"], ["duplicate"], ["quarantined"], ["held"]]


def test_a_record_that_is_not_there_is_lost(seen: Seen) -> None:
    without(seen.ledger[0], -1)
    found = examined(seen)
    assert "is nowhere" in whats(found, 1)[0]
    assert "is nowhere, yet" in whats(found, 11)[0]
    assert sum(each.lost for each in found) == 1


def test_nothing_committed_yet_is_no_violation_of_the_offsets(seen: Seen) -> None:
    without(seen.ledger[0], -1)
    seen.committed = []
    assert 11 not in violated(seen)


def test_an_input_recorded_twice_is_doubled(seen: Seen) -> None:
    log = seen.ledger[0]
    log.append(changed(log[-1], offset=len(log)))
    found = examined(seen)
    assert any("recorded and recorded" in what for what in whats(found, 1))
    assert any("2 times" in what for what in whats(found, 1))
    assert sum(each.doubled for each in found) >= 1


def test_a_refusal_that_is_not_there_is_lost() -> None:
    seen = mixed()
    seen.quarantine[0].clear()
    assert "is nowhere: event" in whats(examined(seen), 1)[0]


def test_a_held_event_without_its_entry_is_lost() -> None:
    seen = mixed()
    log = seen.state[0]
    log.append(changed(log[-1], value=None, offset=len(log)))
    assert "is nowhere" in whats(examined(seen), 1)[0]


def test_another_fact_is_no_duplicate() -> None:
    seen = sequenced([(KEY, value_of(event("a")), 1_000, ()), (KEY, value_of(event("a")), 1_001, ())])
    other = value_of(event("a", payload='{"other":1}'))
    seen.events[0][1] = changed(seen.events[0][1], value=other)
    seen.acknowledged.pop()
    assert "is nowhere" in whats(examined(seen), 1)[0]


def test_a_duplicate_of_a_later_one_is_lost() -> None:
    """The first of two equal ones must be the one that counts."""
    seen = sequenced([(KEY, value_of(event("a")), 1_000, ()), (KEY, value_of(event("a")), 1_001, ())])
    seen.ledger[0] = [forged(seen.ledger[0][0], input_offset=1, recorded_at=1_001_000)]
    assert "input 0@0 (epoch 1) is nowhere" in whats(examined(seen), 1)[0]


def test_an_acknowledged_input_that_the_broker_lost_is_lost(seen: Seen) -> None:
    seen.acknowledged.append(Acknowledged(0, 1_000_000, b"k", b"v"))
    assert whats(examined(seen), 1) == ["acknowledged 0@1000000 is not in the topic"]


def test_an_acknowledged_input_with_other_bytes_is_lost(seen: Seen) -> None:
    first = seen.acknowledged[0]
    seen.acknowledged[0] = Acknowledged(first.partition, first.offset, first.key, b"other")
    assert "has other bytes" in whats(examined(seen), 1)[0]


def test_a_record_of_no_input_is_found(seen: Seen) -> None:
    taken = without(seen.events[1], -1)
    seen.acknowledged = [each for each in seen.acknowledged if (each.partition, each.offset) != (1, taken.offset)]
    assert any("there is no such input" in what for what in whats(examined(seen), 1))


def test_an_envelope_that_is_not_the_input_s_is_found() -> None:
    seen = mixed()
    seen.events[0][0] = changed(seen.events[0][0], value=value_of(event("a", payload='{"name":"x"}')))
    seen.acknowledged = []
    assert any("with another envelope" in what for what in whats(examined(seen), 1))


def test_refused_bytes_that_changed_are_found() -> None:
    seen = mixed()
    seen.quarantine[0][0] = changed(seen.quarantine[0][0], value=b"other")
    assert any("quarantined with other bytes" in what for what in whats(examined(seen), 1))


def test_a_time_that_is_not_the_broker_s_is_found(seen: Seen) -> None:
    log = seen.events[0]
    log[-1] = changed(log[-1], at_ms=log[-1].at_ms + 1)
    assert any("append time" in what for what in whats(examined(seen), 1))


def test_a_tick_is_no_input(seen: Seen) -> None:
    log = seen.events[0]
    log.append(changed(log[-1], offset=len(log), value=None, headers=((names.CONTROL, names.TICK),)))
    assert not examined(seen)


def test_an_offset_beyond_the_end_is_found(seen: Seen) -> None:
    seen.committed.append(Committed("g", NAMES.events, 0, 10_000, "", 9_999))
    assert "beyond the end 9999" in whats(examined(seen), 11)[0]


def test_a_sink_that_committed_what_it_did_not_insert_is_found(seen: Seen) -> None:
    facts = Facts(seen)
    table = {(*record.whose, record.number) for record in facts.records}
    assert not list(sink_offset_violations(facts, table))
    table.pop()
    assert "is not in the table, yet" in whats(sink_offset_violations(facts, table), 11)[0]
