"""DESIGN section 5, "Source numbers", sentence by sentence."""

from typing import Any

import pytest

from chatsnapshot_processors.core import sources
from chatsnapshot_processors.core.policy import SequencingPolicy
from chatsnapshot_processors.core.records import StateChange
from chatsnapshot_processors.core.source_numbers import USED_RANGES_MAX
from chatsnapshot_schemas.rules import Plain
from chatsnapshot_schemas.state_entries import USED, UsedKey, used_whose
from tests.unit.processors.event_values import event
from tests.unit.processors.lane_in_memory import Lane, names, reasons, rows

KEY = UsedKey("default", "run", "i")


def bad(name: str, seq: int, **changes: Any) -> Plain:
    """An event with a wrong payload: readable, but not recorded."""
    return event(name, seq=seq, payload="[]", **changes)


@pytest.mark.parametrize("restarts", [False, True])
def test_a_quarantined_event_does_not_hold_its_successors_and_is_no_gap(restarts: bool) -> None:
    lane = Lane()
    lane.send(event("a", seq=0))
    lane.send(bad("b", 1))
    if restarts:
        lane.restart()
    lane.send(event("c", seq=2))
    assert rows(lane) == [("a", "root", 0, False), ("c", "root", 0, False)]
    assert not lane.state_topic


def test_every_reason_of_a_readable_event_uses_up_its_number() -> None:
    lane = Lane(SequencingPolicy(cause_policy="strict"))
    lane.send(event("a", seq=0), at=0)
    lane.send(bad("invalid", 1))
    lane.send(event("a", seq=2, payload="{}"))
    lane.send(event("self", seq=3, cause="self"))
    lane.send(event("orphan", seq=4, cause="missing"))
    lane.send(event("z", seq=5))
    assert names(lane) == ["a"]
    lane.tick(30)
    assert reasons(lane) == ["invalid_envelope", "event_id_conflict", "self_cause", "cause_missing"]
    assert rows(lane)[1:] == [("z", "root", 0, False)]


def test_an_unreadable_event_uses_up_nothing() -> None:
    lane = Lane()
    lane.send(event("A", seq=0, event_id="not an id"))
    lane.send(event("b", seq=1))
    assert not lane.ledger
    assert lane.used == {}


def test_a_quarantined_event_releases_what_waited_for_its_number() -> None:
    lane = Lane()
    lane.send(event("b", seq=1))
    lane.send(bad("a", 0))
    assert rows(lane) == [("b", "root", 0, False)]


def test_used_numbers_between_missing_ones_are_no_gap() -> None:
    lane = Lane()
    lane.send(bad("x", 2), at=0)
    lane.send(bad("y", 3))
    lane.send(event("f", seq=5), at=0)
    lane.restart()
    lane.tick(30)
    assert rows(lane) == [("f", "root", 3, False)]  # 0, 1 and 4


def test_a_duplicate_with_the_original_s_number_changes_nothing() -> None:
    lane = Lane()
    lane.send(event("a", seq=0))
    lane.send(event("a", seq=0))
    lane.send(event("c", seq=2, cause="missing"))
    lane.send(event("c", seq=2, cause="missing"))
    assert lane.used == {}
    lane.send(event("d", seq=3))
    lane.send(event("b", seq=1))
    # d waits behind the held c, whose duplicate must not have used up 2
    assert names(lane) == ["a", "b"]
    lane.send(event("missing"))
    assert rows(lane)[2:] == [("missing", "root", 0, False), ("c", "linked", 0, False), ("d", "root", 0, False)]


@pytest.mark.parametrize("held", [False, True])
def test_a_duplicate_with_another_number_uses_that_up(held: bool) -> None:
    lane = Lane()
    lane.send(event("a", seq=0, cause="missing" if held else None))
    lane.send(event("a", seq=1, cause="missing" if held else None))
    lane.send(event("a", seq=0, instance="j", cause="missing" if held else None))
    assert len(lane.duplicates) == 2
    assert lane.used == {KEY: ((1, 1),), KEY._replace(instance="j"): ((0, 0),)}
    lane.send(event("c", seq=2))
    lane.send(event("k", seq=1, instance="j"))
    lane.send(event("missing"))
    assert {row[0]: row[2:] for row in rows(lane)} == dict.fromkeys(("a", "c", "k", "missing"), (0, False))


def test_a_duplicate_without_a_number_uses_up_none() -> None:
    lane = Lane()
    lane.send(event("a", seq=0))
    lane.send(event("a"))
    assert lane.used == {}


def test_a_replay_uses_up_nothing() -> None:
    lane = Lane()
    lane.send(event("a", seq=0))
    again = lane.send(event("a", seq=0))
    lane.decide(again[0].record)  # type: ignore[union-attr]
    assert lane.used == {}


def test_a_number_follows_behind_a_held_one() -> None:
    lane = Lane()
    lane.send(event("a", seq=0, cause="missing"))
    lane.send(event("b", seq=1))
    assert not lane.ledger
    assert len(lane.held) == 2
    lane.send(event("missing"))
    assert rows(lane)[1:] == [("a", "linked", 0, False), ("b", "root", 0, False)]


def test_a_held_number_belongs_to_its_holder_even_if_a_quarantined_event_has_it_too() -> None:
    lane = Lane()
    lane.send(event("a", seq=0, cause="missing"))
    lane.send(event("a", seq=0, cause="missing", payload="{}"))
    lane.send(bad("b", 0))
    lane.send(event("c", seq=1))
    assert names(lane) == []
    lane.send(event("missing"))
    assert rows(lane)[1:] == [("a", "linked", 0, False), ("c", "root", 0, False)]


def test_two_held_events_with_one_number() -> None:
    lane = Lane()
    lane.send(event("b1", seq=1))
    lane.send(event("b2", seq=1))
    lane.send(event("c", seq=2))
    lane.send(event("a", seq=0))
    assert [(name, late) for name, _, _, late in rows(lane)] == [
        ("a", False),
        ("b1", False),
        ("b2", True),
        ("c", False),
    ]
    assert lane.sequencer.counts.source_seq_reused == 1


def test_a_number_used_by_a_quarantined_event_and_then_by_another_id_is_late_and_reused() -> None:
    lane = Lane()
    lane.send(event("a", seq=0))
    lane.send(bad("b", 1))
    lane.send(event("other", seq=1))
    lane.send(event("c", seq=2))
    assert rows(lane)[1:] == [("other", "root", 0, True), ("c", "root", 0, False)]
    assert lane.sequencer.counts.source_seq_reused == 1


def test_a_late_event_that_waits_for_its_cause_holds_no_successor() -> None:
    lane = Lane()
    lane.send(event("b", seq=1), at=0)
    lane.tick(30)
    lane.send(event("a", seq=0, cause="missing"))
    lane.send(event("c", seq=2))
    assert names(lane) == ["b", "c"]
    lane.tick(60)
    assert rows(lane)[2:] == [("a", "unresolved", 0, True)]


@pytest.mark.parametrize("restarts", [False, True])
def test_used_numbers_stay_until_no_gap_below_is_open(restarts: bool) -> None:
    lane = Lane()
    lane.send(event("a", seq=0), at=0)
    lane.send(bad("x", 2))
    lane.send(event("d", seq=3))
    lane.tick(30)
    assert rows(lane)[1:] == [("d", "root", 1, False)]
    assert lane.used == {KEY: ((2, 2),)}
    if restarts:
        lane.restart()
    lane.send(event("b", seq=1))
    assert rows(lane)[2:] == [("b", "root", 0, True)]
    assert lane.used == {}
    assert lane.sequencer.counts.source_seq_reused == 0


def test_a_used_number_stays_until_the_ledger_has_passed_it() -> None:
    lane = Lane()
    lane.send(bad("a", 0))
    lane.send(bad("b", 1))
    assert lane.used == {KEY: ((0, 1),)}
    lane.send(event("c", seq=2))
    assert lane.used == {}
    assert rows(lane) == [("c", "root", 0, False)]


def test_a_long_run_of_bad_events_is_one_small_entry() -> None:
    lane = Lane()
    for n in range(500):
        lane.send(bad(f"e{n}", n))
    assert lane.used == {KEY: ((0, 499),)}
    assert max(len(value) for value in lane.state_topic.values()) < 20


def test_scattered_bad_events_stay_bounded_without_changing_the_ledger() -> None:
    lane = Lane()
    lane.send(event("start", seq=1), at=0)
    lane.tick(30)
    count = USED_RANGES_MAX + 50
    for n in range(count):
        lane.send(bad(f"x{n}", 2 + 2 * n))
        lane.send(event(f"g{n}", seq=3 + 2 * n))
    (ranges,) = lane.used.values()
    assert len(ranges) == USED_RANGES_MAX
    assert ranges[-1] == (2 * count, 2 * count)
    assert all(row[2:] == (0, False) for row in rows(lane)[1:])


@pytest.mark.parametrize("restarts", [False, True])
def test_used_numbers_of_ever_new_sources_are_forgotten_the_oldest_first(
    monkeypatch: pytest.MonkeyPatch, restarts: bool
) -> None:
    monkeypatch.setattr(sources, "USED_SOURCES_MAX", 20)
    monkeypatch.setattr(sources, "FORGOTTEN_AT_ONCE", 5)
    lane = Lane()
    lane.send(bad("w0", 0, run="waited-on"))
    lane.send(event("w1", seq=1, run="waited-on", cause="w9"))
    lane.send(bad("c0", 0, run="changed"))
    for n in range(60):
        lane.send(bad(f"x{n}", 0, run=f"run-{n}"))
        if n == 17:
            lane.send(bad("c1", 1, run="changed"))
        if restarts and n % 7 == 0:
            lane.commit()
            lane.restart()
    kept = {whose.correlation_id for whose in lane.used}
    assert len(kept) <= 20
    assert kept >= {"waited-on", "run-59", "run-45"}, "what is waited on is not forgotten, nor what came last"
    assert "run-0" not in kept
    tombstones = [one.key for one in lane.written if isinstance(one, StateChange) and one.value is None]
    runs = [used_whose(key).correlation_id for key in tombstones if key.startswith(USED.encode())]
    assert runs.index("run-17") < runs.index("changed") < runs.index("run-18")
    lane.send(event("f1", seq=1, run="run-0"), at=0)
    lane.tick(30)
    assert rows(lane, "run-0") == [("f1", "root", 1, False)], "the price: a gap where a bad event was"
    assert rows(lane, "waited-on") == [("w1", "unresolved", 0, False)]


def test_gap_before_is_what_was_known_then() -> None:
    lane = Lane()
    lane.send(event("d", seq=3), at=0)
    lane.tick(30)
    for name, seq in (("b", 1), ("a", 0), ("c", 2)):
        lane.send(event(name, seq=seq))
    assert rows(lane) == [
        ("d", "root", 3, False),
        ("b", "root", 0, True),
        ("a", "root", 0, True),
        ("c", "root", 0, True),
    ]
    assert lane.sequencer.counts.source_seq_reused == 0
