from dataclasses import dataclass, field
from time import monotonic
from typing import cast

from chatsnapshot_processors.health import SHOWN_MAX, SequencerHealth
from chatsnapshot_processors.lane_pool import LanePool
from chatsnapshot_processors.watchdog import Watchdog


@dataclass
class Looked:
    complaint: str | None = None
    looked_at: float = field(default_factory=monotonic)


@dataclass
class OneLane:
    partition: int
    intake: object | None = None


@dataclass
class Lanes:
    assigned: bool = True
    lanes: tuple[OneLane, ...] = ()


def health(watchdog: Looked, lanes: Lanes) -> SequencerHealth:
    return SequencerHealth(cast(Watchdog, watchdog), cast(LanePool, lanes), 90.0)


def test_an_empty_share_is_ready() -> None:
    assert health(Looked(), Lanes()).ready() is None
    assert health(Looked(), Lanes()).healthy() is None


def test_without_an_assignment_it_is_healthy_and_not_ready() -> None:
    outside = health(Looked(), Lanes(assigned=False))
    assert outside.healthy() is None
    assert "not in the group" in str(outside.ready())


def test_partitions_that_are_not_open_are_named_and_bounded() -> None:
    some = health(Looked(), Lanes(lanes=(OneLane(1, object()), OneLane(4), OneLane(7))))
    assert some.ready() == "partitions not open yet: 4, 7"
    many = health(Looked(), Lanes(lanes=tuple(OneLane(number) for number in range(100))))
    assert str(many.ready()).endswith(f"7 and {100 - SHOWN_MAX} more")
    assert health(Looked(), Lanes(lanes=(OneLane(1, object()),))).ready() is None


def test_what_the_watchdog_found_and_a_watchdog_that_sleeps() -> None:
    found = health(Looked(complaint="partition 3 stands"), Lanes())
    assert found.healthy() == found.ready() == "partition 3 stands"
    asleep = health(Looked(looked_at=monotonic() - 91), Lanes())
    assert "has not looked" in str(asleep.healthy())
