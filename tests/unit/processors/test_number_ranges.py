"""Ranges against plain sets."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from chatsnapshot_processors.core import number_ranges as ranges
from chatsnapshot_schemas.state_entries import NumberRanges

small = st.integers(0, 30)


def of(numbers: set[int]) -> NumberRanges:
    built: NumberRanges = ()
    for number in sorted(numbers, key=hash):
        built = ranges.with_range(built, number, number)
    return built


@settings(max_examples=300)
@given(st.sets(small), st.sets(small), small, st.integers(0, 5))
def test_ranges_are_sets(numbers: set[int], others: set[int], number: int, more: int) -> None:
    built = of(numbers)
    last = number + more
    added = ranges.with_range(built, number, last)
    assert set(ranges.numbers(built)) == numbers
    assert set(ranges.numbers(added)) == numbers | set(range(number, last + 1))
    assert all(one[1] + 1 < two[0] for one, two in pairwise(added))
    assert set(ranges.numbers(ranges.without_number(built, number))) == numbers - {number}
    assert set(ranges.numbers(ranges.from_number(built, number))) == {one for one in numbers if one >= number}
    assert ranges.holds(built, number) == (number in numbers)
    assert ranges.count_within(built, number, last) == len(numbers & set(range(number, last + 1)))
    assert ranges.after_run(built, number) == min(set(range(number, 40)) - numbers)
    assert ranges.first_outside(built, of(others)) == min(numbers - others, default=None)
