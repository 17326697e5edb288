from chatsnapshot.replaying.pace import Pace


class Clock:
    """Time passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_so_many_records_a_second_and_no_more() -> None:
    clock = Clock()
    pace = Pace(10, clock, clock.sleep)
    times = []
    for _ in range(25):
        pace.wait()
        times.append(clock.now)
    assert times[0] == 100.0
    assert abs(times[-1] - 102.4) < 1e-6


def test_a_slow_reader_may_catch_up_but_never_waits_for_nothing() -> None:
    clock = Clock()
    pace = Pace(10, clock, clock.sleep)
    pace.wait()
    clock.now += 5
    before = clock.now
    for _ in range(40):
        pace.wait()
    assert clock.now == before


def test_without_a_rate_nothing_waits() -> None:
    clock = Clock()
    pace = Pace(None, clock, clock.sleep)
    for _ in range(1_000):
        pace.wait()
    assert clock.now == 100.0
