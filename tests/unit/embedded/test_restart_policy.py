from chatsnapshot.embedded.restart_policy import RestartPolicy

POLICY = RestartPolicy(first_delay_s=0.5, delay_max_s=30.0, stable_after_s=30.0, failing_after=5)


def test_delays_double_up_to_the_cap() -> None:
    assert [POLICY.delay_s(failures) for failures in (1, 2, 3, 4, 7, 8, 1000)] == [0.5, 1, 2, 4, 30, 30, 30]


def test_a_quick_death_lengthens_the_row_and_a_stable_run_begins_a_new_one() -> None:
    assert POLICY.failures_after(3, uptime_s=1.0) == 4
    assert POLICY.failures_after(3, uptime_s=30.0) == 1


def test_failing_begins_at_its_number() -> None:
    assert not POLICY.is_failing(4)
    assert POLICY.is_failing(5)
