from hypothesis import given
from hypothesis import strategies as st

from chatsnapshot.completeness.number_sets import common, end, of_numbers, of_ranges, size, text, without
from chatsnapshot_schemas.state_entries import NumberRanges

NUMBERS = st.sets(st.integers(0, 40))


def numbers(ranges: NumberRanges) -> set[int]:
    return {number for first, last in ranges for number in range(first, last + 1)}


@given(NUMBERS, NUMBERS)
def test_they_are_sets_of_numbers(some: set[int], others: set[int]) -> None:
    ranges, other_ranges = of_numbers(some), of_numbers(others)
    assert numbers(ranges) == some
    assert numbers(without(ranges, other_ranges)) == some - others
    assert numbers(common(ranges, other_ranges)) == some & others
    assert numbers(of_ranges((*ranges, *other_ranges))) == some | others
    assert size(ranges) == len(some)
    assert end(ranges) == max(some, default=-1) + 1


def test_ranges_are_neither_adjacent_nor_overlapping() -> None:
    assert of_ranges([(4, 9), (0, 2), (3, 3), (20, 21)]) == ((0, 9), (20, 21))


def test_text_of_one_and_of_many() -> None:
    assert (text(17, 17), text(17, 19)) == ("17", "17..19")
