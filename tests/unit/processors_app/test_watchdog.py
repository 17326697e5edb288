from dataclasses import dataclass
from typing import cast

from chatsnapshot_processors.lane import Lane
from chatsnapshot_processors.ticks import overdue
from chatsnapshot_processors.watchdog import Standing


@dataclass
class Looks:
    """What watchdog and ticker look at."""

    partition: int = 0
    position: int = 10
    alive_at: float = 1000.0
    intake: object | None = True
    idle: bool = True
    deadline: int | None = None


def stands(lane: Looks, *seen: tuple[float, int | None]) -> list[bool]:
    """Verdicts at several times with the input's end then; the lane's thread is alive throughout."""
    standing = Standing(90.0)
    verdicts = []
    for now, end in seen:
        lane.alive_at = now
        verdicts.append(standing.stuck(cast(Lane, lane), end, now))
    return verdicts


def test_a_quiet_lane_at_the_end_is_not_stuck() -> None:
    assert stands(Looks(), (1000, 10), (5000, 10), (5001, 11)) == [False, False, False]


def test_input_that_does_not_reach_the_lane_is_noticed() -> None:
    assert stands(Looks(), (1000, 11), (1080, 50), (1091, 60)) == [False, False, True]


def test_a_lane_that_gets_on_or_opens_is_not_stuck() -> None:
    lane, standing = Looks(), Standing(90.0)
    for now in range(1000, 1400, 60):
        lane.alive_at, lane.position = now, lane.position + 1
        assert not standing.stuck(cast(Lane, lane), 10**6, now)
    assert stands(Looks(intake=None), (1000, 99), (2000, 99)) == [False, False]


def test_an_end_that_is_not_known_accuses_nobody() -> None:
    assert stands(Looks(), (1000, 11), (1080, None), (1100, 11)) == [False, False, False]


def test_a_thread_that_hangs_is_noticed_whatever_the_input_does() -> None:
    for end in (None, 10, 99):
        lane = cast(Lane, Looks(alive_at=1000.0))
        assert not Standing(90.0).stuck(lane, end, 1089.0)
        assert Standing(90.0).stuck(lane, end, 1091.0)


def test_a_tick_is_due_when_a_quiet_lane_holds_something_overdue() -> None:
    assert overdue(cast(Lane, Looks(deadline=5)), 5)
    assert not overdue(cast(Lane, Looks(deadline=6)), 5)
    assert not overdue(cast(Lane, Looks(deadline=5, idle=False)), 5)
    assert not overdue(cast(Lane, Looks(deadline=None)), 5)
