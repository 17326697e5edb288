"""Which numbers of one instance are absent from a run, from the recorded numbers alone. Pure.

A number that a duplicate has used up is absent, yet not missing: only the sequencer knew, and recorded the next event
in time with a smaller `gap_before`. So a hole is believed as far as the nearest event above says that was recorded in
time; where there is none, all of it is missing. As in view `gaps`.
"""

from typing import NamedTuple

HOLES_MAX = 1_000
"""Of one instance in one run; those below are joined into one, its count stays exact."""


class Hole(NamedTuple):
    """Of the numbers `first` to `last`, none of which is recorded, `missing` are missing, at most."""

    first: int
    last: int
    missing: int


class HoleSearch:
    """Fed with the recorded numbers of one source from the greatest down; a repeated number counts once."""

    def __init__(self) -> None:
        self.records = 0
        self.numbers = 0
        """Different ones."""
        self.end = 0
        """One more than the greatest."""
        self._found: list[Hole] = []
        self._above = 0
        self._said: int | None = None
        """`gap_before` of the nearest event above that was recorded in time."""

    def feed(self, number: int, gap_before: int, late: bool) -> None:
        """Take the next record into account."""
        if not self.records:
            self.end = self._above = number + 1
        self._absent(number + 1, self._above - 1)
        self.numbers += number < self._above
        self.records += 1
        self._above = number
        if not late:
            self._said = gap_before

    def holes(self) -> tuple[Hole, ...]:
        """Below the greatest number, ascending; when everything was fed."""
        self._absent(0, self._above - 1)
        self._above = 0
        return tuple(reversed(self._found))

    def _absent(self, first: int, last: int) -> None:
        length = last - first + 1
        missing = length if self._said is None else min(length, self._said)
        if length <= 0 or not missing:
            return
        if len(self._found) == HOLES_MAX:
            before = self._found.pop()
            self._found.append(Hole(first, before.last, before.missing + missing))
        else:
            self._found.append(Hole(first, last, missing))
