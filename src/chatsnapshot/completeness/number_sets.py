"""Sets of source numbers as ranges (`NumberRanges`): what reconciliation does with them. Pure functions."""

from collections.abc import Iterable

from chatsnapshot_schemas.state_entries import NumberRanges


def of_numbers(numbers: Iterable[int]) -> NumberRanges:
    """The set of these numbers, in any order, repeated or not."""
    return of_ranges((number, number) for number in numbers)


def of_ranges(ranges: Iterable[tuple[int, int]]) -> NumberRanges:
    """The set that these ranges cover, in any order, overlapping or not."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return tuple(joined)


def without(ranges: NumberRanges, others: NumberRanges) -> NumberRanges:
    """Those that are not in the other set."""
    left: list[tuple[int, int]] = []
    at = 0
    for first, last in ranges:
        while at < len(others) and others[at][1] < first:
            at += 1
        low, here = first, at
        while here < len(others) and others[here][0] <= last:
            if low < others[here][0]:
                left.append((low, others[here][0] - 1))
            low = others[here][1] + 1
            here += 1
        if low <= last:
            left.append((low, last))
    return tuple(left)


def common(ranges: NumberRanges, others: NumberRanges) -> NumberRanges:
    """Those that are in both sets."""
    return without(ranges, without(ranges, others))


def size(ranges: NumberRanges) -> int:
    """How many numbers."""
    return sum(last - first + 1 for first, last in ranges)


def end(ranges: NumberRanges) -> int:
    """One more than the greatest; 0 of none."""
    return ranges[-1][1] + 1 if ranges else 0


def text(first: int, last: int) -> str:
    """`17`, `17..19`."""
    return str(first) if first == last else f"{first}..{last}"
