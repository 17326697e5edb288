from chatsnapshot_projections.sink_pace import RETRY_AFTER_MAX_S, Pace, retry_after_s


def starts(pace: Pace, until_s: float, step_s: float = 0.01) -> int:
    count = 0
    for tick in range(round(until_s / step_s)):
        now = 1000 + tick * step_s
        if pace.is_free(now):
            pace.start(now)
            count += 1
    return count


def test_no_more_than_so_many_a_second() -> None:
    assert starts(Pace(2.0), until_s=10) == 20


def test_time_without_work_is_not_saved_up() -> None:
    pace = Pace(2.0)
    pace.start(0.0)
    pace.start(100.0)
    assert not pace.is_free(100.1)
    assert pace.is_free(100.5)


def test_a_start_out_of_turn_delays_the_next() -> None:
    pace = Pace(2.0)
    pace.start(10.0)
    pace.start(10.0)
    assert not pace.is_free(10.9)
    assert pace.is_free(11.0)


def test_waits_double_up_to_the_maximum_and_stay_there() -> None:
    waits = [retry_after_s(attempt) for attempt in range(1, 60)]
    assert waits[:4] == [0.25, 0.5, 1.0, 2.0]
    assert waits == sorted(waits)
    assert set(waits[8:]) == {RETRY_AFTER_MAX_S}
    assert retry_after_s(10_000_000) == RETRY_AFTER_MAX_S
