"""DESIGN section 5, "Redriven" and "Ticks", sentence by sentence."""

import pytest

from chatsnapshot_processors.core.records import Duplicate
from chatsnapshot_schemas.headers import CONTROL
from tests.unit.processors.event_values import event, value_of
from tests.unit.processors.lane_in_memory import REDRIVEN, Lane, names, reasons, rows


@pytest.mark.parametrize("seq", [None, 0, 5, 2_000_000])
def test_a_redriven_event_skips_the_source_check_and_is_late(seq: int | None) -> None:
    lane = Lane()
    lane.send(event("a", seq=seq), headers=REDRIVEN)
    assert rows(lane) == [("a", "root", 0, True)]
    assert lane.sequencer.counts.source_seq_reused == 0


@pytest.mark.parametrize("restarts", [False, True])
def test_a_redriven_event_ahead_of_its_predecessors_takes_its_number_and_theirs_stay_expected(restarts: bool) -> None:
    lane = Lane()
    lane.send(event("a", seq=0))
    lane.send(event("c", seq=2), headers=REDRIVEN)
    lane.send(event("d", seq=3))
    assert names(lane) == ["a", "c"]
    if restarts:
        lane.restart()
    lane.send(event("b", seq=1))
    assert rows(lane)[1:] == [("c", "root", 0, True), ("b", "root", 0, False), ("d", "root", 0, False)]
    assert not lane.state_topic


def test_a_redriven_event_releases_what_waited_for_its_number() -> None:
    lane = Lane()
    lane.send(event("b", seq=1))
    lane.send(event("a", seq=0), headers=REDRIVEN)
    assert rows(lane) == [("a", "root", 0, True), ("b", "root", 0, False)]


def test_a_redriven_event_whose_number_it_used_up_itself_is_not_reused() -> None:
    lane = Lane()
    lane.send(event("a", seq=0, payload="[]"))
    lane.send(event("a", seq=0), headers=REDRIVEN)
    lane.send(event("b", seq=1))
    assert rows(lane) == [("a", "root", 0, True), ("b", "root", 0, False)]
    assert not lane.state_topic
    assert lane.sequencer.counts.source_seq_reused == 0


@pytest.mark.parametrize("restarts", [False, True])
def test_a_redriven_event_waits_for_its_cause_and_is_still_redriven_then(restarts: bool) -> None:
    lane = Lane()
    lane.send(event("x", seq=7, cause="a"), headers=REDRIVEN)
    assert len(lane.held) == 1
    if restarts:
        lane.restart()
    lane.send(event("a"))
    assert rows(lane) == [("a", "root", 0, False), ("x", "linked", 0, True)]


def test_a_redriven_event_that_is_known_by_now_is_a_duplicate() -> None:
    lane = Lane()
    lane.send(event("a", seq=0))
    outputs = lane.send(event("a", seq=0), headers=REDRIVEN)
    assert outputs == [Duplicate(outputs[0].record, replay=False)]  # type: ignore[union-attr]


def test_a_redriven_event_with_a_known_id_and_another_fact_is_refused() -> None:
    lane = Lane()
    lane.send(event("a", seq=0))
    lane.send(event("a", seq=0, payload="{}"), headers=REDRIVEN)
    assert reasons(lane) == ["event_id_conflict"]
    assert names(lane) == ["a"]


def test_a_tick_expires_and_writes_nothing_else() -> None:
    lane = Lane()
    lane.send(event("b", cause="a"), at=0)
    assert lane.tick(29) == []
    assert lane.sequencer.stream_time == 29_000_000
    assert len(lane.tick(30)) == 2
    assert rows(lane) == [("b", "unresolved", 0, False)]
    assert lane.tick(31) == []
    assert lane.sequencer.counts.ticks == 3


def test_a_tick_has_its_header_and_no_value() -> None:
    """An event under a forged header would be lost as a tick."""
    lane = Lane()
    for value in (None, b""):
        lane.send(value, headers=((CONTROL, b"tick"),))
    assert lane.sequencer.counts.ticks == 2
    lane.send(value_of(event("a")), headers=((CONTROL, b"tick"),))
    lane.send(value_of(event("b")), headers=((CONTROL, b"something else"),))
    assert names(lane) == ["a", "b"]
    lane.send(b"garbage", headers=((CONTROL, b"tick"),))
    lane.send(None, headers=((CONTROL, b"something else"),))
    assert reasons(lane) == ["undecodable", "undecodable"]
    assert lane.sequencer.counts.ticks == 2
