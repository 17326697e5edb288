"""DESIGN section 5, "Release", and the row about limits, sentence by sentence."""

import pytest

from chatsnapshot_processors.core.policy import SequencingPolicy
from chatsnapshot_processors.core.records import Recorded, StateChange
from tests.unit.processors.event_values import event, id_of, value_of
from tests.unit.processors.lane_in_memory import REDRIVEN, Lane, names, reasons, rows


def test_expiry_comes_before_the_decision() -> None:
    lane = Lane()
    lane.send(event("b", cause="a"), at=0)
    lane.send(event("a"), at=30)
    assert rows(lane) == [("b", "unresolved", 0, False), ("a", "root", 0, False)]


def test_time_is_the_largest_append_time_seen() -> None:
    lane = Lane()
    lane.send(event("x"), at=100)
    lane.send(event("b", cause="a"), at=50)
    assert lane.sequencer.earliest_deadline() == 130_000_000
    lane.tick(129)
    assert names(lane) == ["x"]
    lane.tick(131)
    assert names(lane) == ["x", "b"]
    assert lane.sequencer.earliest_deadline() is None


def test_expiry_goes_by_deadline_then_offset() -> None:
    long, short = SequencingPolicy(hold_micros=50_000_000), SequencingPolicy(hold_micros=10_000_000)
    lane = Lane(policies=[(0, long), (1, short), (3, long)])
    for name, at in (("long", 0), ("first", 1), ("second", 1), ("late", 5)):
        lane.send(event(name, cause="missing"), at=at)
    lane.tick(100)
    assert names(lane) == ["first", "second", "long", "late"]


def test_the_smallest_input_offset_is_released_first_iteratively() -> None:
    lane = Lane()
    lane.send(event("d", cause="c"))
    lane.send(event("b", cause="a"))
    lane.send(event("c", cause="a"))
    lane.send(event("e", cause="a"))
    lane.send(event("a"))
    # b, c and e are ready at once; c makes d ready, which came before all of them
    assert names(lane) == ["a", "b", "c", "d", "e"]


def test_release_repeats_the_source_row() -> None:
    lane = Lane()
    lane.send(event("c", seq=1, cause="a"))
    lane.send(event("a"))
    assert names(lane) == ["a"]
    lane.send(event("b", seq=0))
    assert names(lane) == ["a", "b", "c"]


def test_release_repeats_the_cause_row() -> None:
    lane = Lane()
    lane.send(event("c", seq=1, cause="a"))
    lane.send(event("b", seq=0))
    assert names(lane) == ["b"]
    lane.send(event("a"))
    assert names(lane) == ["b", "a", "c"]


def test_each_release_has_its_tombstone_in_the_same_step() -> None:
    lane = Lane()
    lane.send(event("b", cause="a"))
    outputs = lane.send(event("a"))
    assert [type(one) for one in outputs] == [Recorded, StateChange, Recorded]
    assert outputs[1] == StateChange(b"held/1/0", None)


def test_held_predecessors_go_before_the_event_at_its_bound() -> None:
    lane = Lane()
    lane.send(event("e", seq=4), at=0)
    lane.send(event("c", seq=2), at=10)
    lane.send(event("d", seq=3, cause="missing"), at=20)
    lane.tick(30)
    # held is not missing: only 0 and 1 are
    assert rows(lane) == [("c", "root", 2, False), ("d", "unresolved", 0, False), ("e", "root", 0, False)]


def test_held_causes_go_before_the_event_at_its_bound() -> None:
    lane = Lane()
    lane.send(event("c", cause="b"), at=0)
    lane.send(event("b", cause="a"), at=10)
    lane.tick(30)
    assert rows(lane) == [("b", "unresolved", 0, False), ("c", "linked", 0, False)]


def test_causes_and_predecessors_are_followed_together_and_across_sources() -> None:
    lane = Lane()
    lane.send(event("x", seq=1, instance="i", cause="y"), at=0)
    lane.send(event("y", seq=3, instance="j"), at=1)
    lane.send(event("z", seq=2, instance="j", cause="w"), at=2)
    lane.send(event("w", cause="missing"), at=3)
    lane.tick(30)
    assert rows(lane) == [
        ("w", "unresolved", 0, False),
        ("z", "linked", 2, False),
        ("y", "root", 0, False),
        ("x", "linked", 1, False),
    ]


def test_a_predecessor_that_is_not_itself_blocked_hides_none_before_it() -> None:
    lane = Lane(policies=[(0, SequencingPolicy()), (2, SequencingPolicy(hold_micros=1_000_000))])
    lane.send(event("c", seq=2, cause="missing"), at=0, headers=REDRIVEN)
    lane.send(event("b", seq=1))
    lane.send(event("d", seq=3))
    lane.tick(1)
    assert rows(lane) == [("c", "unresolved", 0, True), ("b", "root", 1, False), ("d", "root", 0, False)]


def test_two_events_that_name_each_other_are_both_recorded() -> None:
    lane = Lane()
    lane.send(event("a", cause="b"), at=0)
    lane.send(event("b", cause="a"), at=1)
    lane.tick(30)
    assert rows(lane) == [("a", "unresolved", 0, False), ("b", "linked", 0, False)]


def test_the_smallest_offset_breaks_a_cycle_also_when_another_event_of_it_is_due_first() -> None:
    lane = Lane(policies=[(0, SequencingPolicy()), (1, SequencingPolicy(hold_micros=1_000_000))])
    lane.send(event("a", cause="b"), at=0)
    lane.send(event("b", cause="c"), at=0)
    lane.send(event("c", cause="a"), at=0)
    lane.tick(2)
    assert rows(lane) == [("a", "unresolved", 0, False), ("c", "linked", 0, False), ("b", "linked", 0, False)]


def test_what_a_cycle_waits_for_goes_before_it_and_what_waits_for_it_after_it() -> None:
    lane = Lane()
    lane.send(event("x", cause="b"), at=0)
    lane.send(event("a", cause="b"), at=1)
    lane.send(event("b", cause="a", caused_by=("w",)), at=2)
    lane.send(event("w", cause="missing"), at=3)
    lane.tick(30)
    assert rows(lane) == [
        ("w", "unresolved", 0, False),
        ("a", "unresolved", 0, False),
        ("b", "linked", 0, False),
        ("x", "linked", 0, False),
    ]


def test_the_rest_of_a_cycle_keeps_its_own_order() -> None:
    lane = Lane()
    # a -> b -> c -> a is the cycle; c also waits for what never comes, so breaking at a alone frees nobody
    lane.send(event("a", cause="b"), at=0)
    lane.send(event("b", cause="c"), at=1)
    lane.send(event("c", cause="a", caused_by=("missing",)), at=2)
    lane.tick(30)
    assert rows(lane) == [("a", "unresolved", 0, False), ("c", "unresolved", 0, False), ("b", "linked", 0, False)]


def test_a_cycle_of_cause_and_predecessor_is_broken_too() -> None:
    lane = Lane()
    lane.send(event("a", seq=0, cause="b"), at=0)
    lane.send(event("b", seq=1), at=1)
    lane.tick(30)
    assert rows(lane) == [("a", "unresolved", 0, False), ("b", "root", 0, False)]


def test_a_predecessor_within_a_cycle_is_held_not_missing() -> None:
    lane = Lane()
    lane.send(event("b", seq=1), at=0)
    lane.send(event("a", seq=0, cause="b"), at=1)
    lane.tick(30)
    assert rows(lane) == [("b", "root", 0, False), ("a", "linked", 0, True)]


def test_an_entangled_crowd_ends() -> None:
    lane = Lane()
    crowd = [f"e{n}" for n in range(100)]
    for name in crowd:
        lane.send(event(name, cause=crowd[0], caused_by=tuple(other for other in crowd if other != name)[:256]))
        if name == "e0":
            assert reasons(lane) == ["self_cause"]
    lane.tick(30)
    assert names(lane) == crowd[1:]


def test_strict_takes_the_held_causes_along() -> None:
    lane = Lane(SequencingPolicy(cause_policy="strict"))
    lane.send(event("c", cause="b"), at=0)
    lane.send(event("b", cause="a"), at=10)
    lane.tick(30)
    assert [one.record.offset for one in lane.quarantine] == [1, 0]
    assert not lane.held


def test_a_held_event_keeps_the_deadline_it_was_given() -> None:
    lane = Lane(policies=[(0, SequencingPolicy()), (1, SequencingPolicy(hold_micros=1, cause_policy="strict"))])
    lane.send(event("b", cause="a"), at=0)
    lane.tick(29)
    assert len(lane.held) == 1
    lane.tick(30)
    assert reasons(lane) == ["cause_missing"]


@pytest.mark.parametrize("restarts", [False, True])
def test_a_thousand_events_arriving_backwards(restarts: bool) -> None:
    lane = Lane()
    numbered = [event(f"e{n}", cause=f"e{n - 1}" if n else None, seq=n) for n in range(1_000)]
    for plain in reversed(numbered):
        if restarts and plain["source_seq"] in (0, 500):
            lane.restart()
        lane.send(plain)
    assert rows(lane) == [(f"e{n}", "linked" if n else "root", 0, False) for n in range(1_000)]
    assert not lane.state_topic


@pytest.mark.parametrize("by", ["causes", "numbers"])
def test_a_thousand_events_backwards_without_their_first_at_the_bound(by: str) -> None:
    lane = Lane()
    for n in range(1_000, 0, -1):
        lane.send(event(f"e{n}", cause=f"e{n - 1}") if by == "causes" else event(f"e{n}", seq=n), at=0)
    lane.tick(30)
    assert names(lane) == [f"e{n}" for n in range(1, 1_001)]
    assert rows(lane)[0][1:3] == (("unresolved", 0) if by == "causes" else ("root", 1))
    assert rows(lane)[1][1:3] == (("linked", 0) if by == "causes" else ("root", 0))


def test_a_correlation_over_its_limit_of_events_releases_its_own_oldest() -> None:
    lane = Lane(SequencingPolicy(held_events_per_correlation=2))
    lane.send(event("other", run="big", cause="missing", payload='{"a":"' + "x" * 5_000 + '"}'))
    for name in ("a", "b"):
        lane.send(event(name, cause="missing"))
    assert not lane.ledger
    lane.send(event("c", cause="missing"))
    assert rows(lane) == [("a", "unresolved", 0, False)]
    assert lane.sequencer.counts.pushed_out == 1
    assert len(lane.held) == 3


def test_a_correlation_over_its_limit_of_bytes_releases_its_own_oldest() -> None:
    size = len(value_of(event("a", cause="missing")))
    lane = Lane(SequencingPolicy(held_bytes_per_correlation=2 * size))
    for name in ("a", "b"):
        lane.send(event(name, cause="missing"))
    assert lane.sequencer.held_bytes == 2 * size
    assert not lane.ledger
    lane.send(event("c", cause="missing"))
    assert names(lane) == ["a"]


def test_an_event_larger_than_the_limit_is_released_itself() -> None:
    lane = Lane(SequencingPolicy(held_bytes_per_correlation=10))
    outputs = lane.send(event("a", cause="missing"))
    assert [type(one) for one in outputs] == [StateChange, StateChange, Recorded]
    assert rows(lane) == [("a", "unresolved", 0, False)]
    assert not lane.state_topic


@pytest.mark.parametrize("limit", ["events", "bytes"])
def test_a_partition_over_its_limit_releases_the_oldest_of_the_heaviest_correlation(limit: str) -> None:
    size = len(value_of(event("a", run="one", cause="missing")))
    big = '{"a":"' + "x" * 1_000 + '"}'
    big_size = len(value_of(event("c", run="two", cause="missing", payload=big)))
    lane = Lane(
        SequencingPolicy(held_events_per_partition=3)
        if limit == "events"
        else SequencingPolicy(held_bytes_per_partition=2 * size + big_size)
    )
    lane.send(event("a", run="one", cause="missing"))
    lane.send(event("b", run="one", cause="missing"))
    lane.send(event("c", run="two", cause="missing", payload=big))
    assert not lane.ledger
    lane.send(event("d", run="three", cause="missing"))
    assert [plain["envelope"]["event_id"] for plain in lane.records] == [id_of("c")]


def test_of_equally_heavy_correlations_the_one_whose_oldest_came_first_releases() -> None:
    lane = Lane(SequencingPolicy(held_events_per_partition=2))
    for name, run in (("a", "r2"), ("b", "r1"), ("c", "r3")):
        lane.send(event(name, run=run, cause="missing"))
    assert [plain["envelope"]["event_id"] for plain in lane.records] == [id_of("a")]


def test_the_oldest_at_a_limit_takes_the_held_events_before_it_along() -> None:
    lane = Lane(SequencingPolicy(held_events_per_correlation=2))
    lane.send(event("c", cause="b"))
    lane.send(event("b", cause="a"))
    lane.send(event("z", cause="missing"))
    assert rows(lane) == [("b", "unresolved", 0, False), ("c", "linked", 0, False)]


def test_a_correlation_at_its_limit_does_not_stop_the_others() -> None:
    lane = Lane(SequencingPolicy(held_events_per_correlation=10, held_events_per_partition=50))
    for n in range(200):
        lane.send(event(f"f{n}", run="full", seq=n + 1))
        lane.send(event(f"o{n}", run="other", cause=f"o{n - 1}" if n else None, seq=n))
        assert lane.sequencer.held_count <= 10
    assert rows(lane, "other") == [(f"o{n}", "linked" if n else "root", 0, False) for n in range(200)]
    assert names(lane, "full") == [f"f{n}" for n in range(200)]
    assert [gap for _, _, gap, _ in rows(lane, "full")] == [1] + [0] * 199
