"""Arithmetic on one instance's `source_seq` numbers in one correlation (DESIGN section 5, "Source numbers").

What the ledger shows is folded into `SourceNumbers`; numbers used up by events that the ledger does not show, or shows
out of turn (a redriven one ahead of its predecessors), are kept beside it as ranges, the state topic's `used` entry.
Decisions look at `next` and at the used numbers from `next` on, nothing else: `gaps` tells the metric "missing before"
from "used by another" and when a used number may be forgotten, so the bounds below never change a ledger record's
bytes.
"""

from typing import NamedTuple

from chatsnapshot_processors.core.number_ranges import (
    after_run,
    first_outside,
    from_number,
    holds,
    with_range,
    without_number,
)
from chatsnapshot_schemas.state_entries import NumberRanges

SOURCE_SEQ_JUMP_MAX = 1_000_000
"""Further ahead than any honest gap: a counter that went wrong must not make a million numbers look missing."""
GAP_RANGES_MAX = 1_000
"""Open gaps kept per instance; beyond it the oldest is forgotten and its late numbers count as used before."""
USED_RANGES_MAX = 1_000
"""Ranges of used numbers kept per instance: bounds the entry that is written anew at every change (about 16 KB)."""


class SourceNumbers(NamedTuple):
    """One instance's numbers in one correlation: the next expected and the ranges still missing below it."""

    next: int
    gaps: NumberRanges
    """Ascending, inclusive; numbers below `next` that the ledger does not show."""


START = SourceNumbers(0, ())
"""Before the first numbered event: numbers are dense from 0."""


def after_record(numbers: SourceNumbers, number: int, *, late: bool, gap_before: int) -> SourceNumbers:
    """The numbers once a ledger record with this `source_seq` was made; a function of the ledger alone.

    A late record beyond `next` (redriven ahead of its predecessors, or a number reused) moves nothing: the numbers
    before it are still expected. A record beyond `next` with `gap_before` 0 jumped over used numbers only: no gap.
    """
    following, gaps = numbers
    if number == following:
        return SourceNumbers(number + 1, gaps)
    if number < following:
        return SourceNumbers(following, without_number(gaps, number)) if gaps else numbers
    if late:
        return numbers
    if gap_before:
        gaps = with_range(gaps, following, number - 1)[-GAP_RANGES_MAX:]
    return SourceNumbers(number + 1, gaps)


def expected_number(numbers: SourceNumbers, used: NumberRanges) -> int:
    """The next number that is neither recorded nor used up."""
    return after_run(used, numbers.next) if used else numbers.next


def is_taken(numbers: SourceNumbers, used: NumberRanges, number: int) -> bool:
    """Whether the number is recorded or used up already."""
    if number < numbers.next and not holds(numbers.gaps, number):
        return True
    return holds(used, number)


def with_used(numbers: SourceNumbers, used: NumberRanges, number: int) -> NumberRanges:
    """The used numbers and one more, within USED_RANGES_MAX.

    Over the bound, what lies lowest gives way: a range below `next` is forgotten (decisions do not look there); only if
    all are beyond it, which takes a thousand separate bad events within one waiting time, the lowest hole counts as
    used too.
    """
    used = with_range(used, number, number)
    while len(used) > USED_RANGES_MAX:
        lowest, second, *rest = used
        used = (second, *rest) if lowest[1] < numbers.next else ((lowest[0], second[1]), *rest)
    return used


def still_needed(numbers: SourceNumbers, used: NumberRanges) -> NumberRanges:
    """The used numbers to keep: from the lowest open gap on, and all that the ledger has not passed yet.

    One that the ledger has not passed would look missing again after a restart, so it stays even without a gap below.
    """
    lowest_gap = first_outside(numbers.gaps, used)
    floor = numbers.next if lowest_gap is None else min(lowest_gap, numbers.next)
    return from_number(used, floor)
