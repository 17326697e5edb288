"""Sets of whole numbers as ranges: ascending, inclusive, neither overlapping nor adjacent. Pure functions."""

from bisect import bisect_right
from collections.abc import Iterator
from operator import itemgetter

from chatsnapshot_schemas.state_entries import NumberRanges

_first = itemgetter(0)


def holds(ranges: NumberRanges, number: int) -> bool:
    """Whether the number is in the set."""
    at = bisect_right(ranges, number, key=_first) - 1
    return at >= 0 and number <= ranges[at][1]


def with_range(ranges: NumberRanges, first: int, last: int) -> NumberRanges:
    """The set and every number from `first` to `last`."""
    low = bisect_right(ranges, first - 1, key=_first)
    if low and ranges[low - 1][1] >= first - 1:
        low -= 1
    high = bisect_right(ranges, last + 1, key=_first)
    joined = ranges[low:high]
    if joined:
        first, last = min(first, joined[0][0]), max(last, joined[-1][1])
    return (*ranges[:low], (first, last), *ranges[high:])


def without_number(ranges: NumberRanges, number: int) -> NumberRanges:
    """The set without the number."""
    at = bisect_right(ranges, number, key=_first) - 1
    if at < 0 or number > ranges[at][1]:
        return ranges
    first, last = ranges[at]
    rest = [part for part in ((first, number - 1), (number + 1, last)) if part[0] <= part[1]]
    return (*ranges[:at], *rest, *ranges[at + 1 :])


def from_number(ranges: NumberRanges, number: int) -> NumberRanges:
    """The numbers of the set that are not below `number`."""
    at = bisect_right(ranges, number, key=_first) - 1
    if at < 0:
        return ranges
    last = ranges[at][1]
    return ((number, last), *ranges[at + 1 :]) if last >= number else ranges[at + 1 :]


def after_run(ranges: NumberRanges, number: int) -> int:
    """The first number from `number` on that is not in the set."""
    at = bisect_right(ranges, number, key=_first) - 1
    return ranges[at][1] + 1 if at >= 0 and ranges[at][1] >= number else number


def count_within(ranges: NumberRanges, first: int, last: int) -> int:
    """How many numbers from `first` to `last` are in the set."""
    at = max(bisect_right(ranges, first, key=_first) - 1, 0)
    count = 0
    for low, high in ranges[at:]:
        if low > last:
            break
        count += max(0, min(high, last) - max(low, first) + 1)
    return count


def first_outside(ranges: NumberRanges, others: NumberRanges) -> int | None:
    """The smallest number of `ranges` that is not in `others`; None when all are."""
    for first, last in ranges:
        candidate = after_run(others, first)
        if candidate <= last:
            return candidate
    return None


def numbers(ranges: NumberRanges) -> Iterator[int]:
    """Every number, ascending."""
    for first, last in ranges:
        yield from range(first, last + 1)
