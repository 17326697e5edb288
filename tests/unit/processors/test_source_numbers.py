"""What is kept about numbers is bounded, and the bounds change no ledger record."""

import pytest
from hypothesis import HealthCheck, given, settings

from chatsnapshot_processors.core import source_numbers
from chatsnapshot_processors.core.source_numbers import (
    GAP_RANGES_MAX,
    START,
    USED_RANGES_MAX,
    SourceNumbers,
    after_record,
    expected_number,
    is_taken,
    still_needed,
    with_used,
)
from chatsnapshot_schemas.state_entries import NumberRanges
from tests.unit.processors.made_up_logs import MadeUp, made_up_logs
from tests.unit.processors.test_restart import run


def test_records_in_order_leave_no_gap() -> None:
    numbers = START
    for number in range(3):
        numbers = after_record(numbers, number, late=False, gap_before=0)
    assert numbers == SourceNumbers(3, ())


def test_a_gap_opens_and_closes() -> None:
    numbers = after_record(START, 3, late=False, gap_before=3)
    assert numbers == SourceNumbers(4, ((0, 2),))
    assert not is_taken(numbers, (), 1)
    numbers = after_record(numbers, 1, late=True, gap_before=0)
    assert numbers == SourceNumbers(4, ((0, 0), (2, 2)))
    assert is_taken(numbers, (), 1)


def test_a_jump_over_used_numbers_only_is_no_gap() -> None:
    assert after_record(START, 3, late=False, gap_before=0) == SourceNumbers(4, ())


def test_a_late_record_ahead_moves_nothing() -> None:
    assert after_record(START, 3, late=True, gap_before=0) == START


def test_the_oldest_gaps_give_way() -> None:
    numbers = START
    for number in range(1, 2 * GAP_RANGES_MAX + 21, 2):
        numbers = after_record(numbers, number, late=False, gap_before=1)
    assert len(numbers.gaps) == GAP_RANGES_MAX
    assert numbers.gaps[-1] == (numbers.next - 2, numbers.next - 2)


def test_used_numbers_beyond_the_bound_fill_the_lowest_hole() -> None:
    used: NumberRanges = ()
    for number in range(1, 2 * USED_RANGES_MAX + 2, 2):
        used = with_used(START, used, number)
    assert len(used) == USED_RANGES_MAX
    assert used[0] == (1, 3)
    assert expected_number(START, used) == 0


def test_used_numbers_are_kept_from_the_lowest_open_gap_on() -> None:
    numbers = SourceNumbers(10, ((2, 3), (6, 6)))
    assert still_needed(numbers, ((1, 1), (5, 6), (12, 12))) == ((5, 6), (12, 12))
    assert still_needed(numbers, ((2, 3), (6, 6), (12, 12))) == ((12, 12),)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made_up_log=made_up_logs())
def test_forgetting_gaps_changes_no_ledger_record(monkeypatch: pytest.MonkeyPatch, made_up_log: MadeUp) -> None:
    whole = run(made_up_log, commits=0, restarts=0)
    with monkeypatch.context() as patch:
        patch.setattr(source_numbers, "GAP_RANGES_MAX", 1)
        forgetful = run(made_up_log, commits=0, restarts=0)
    assert forgetful.ledger == whole.ledger
    assert forgetful.quarantine == whole.quarantine
