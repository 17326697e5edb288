"""Which numbers of a source are missing in a run, from the records alone.

A number below a later one is missing when the sequencer said so (`gap_before` of the later record): numbers that were
used up by a quarantined event or a duplicate are absent from the ledger, yet no gap. A late record closes its gap.
"""

from dataclasses import dataclass, field

RANGES_MAX = 1_000
"""Per instance; beyond it the oldest are merged into one."""


@dataclass(frozen=True, slots=True)
class Gap:
    """`missing` of the numbers `first`..`last` of an instance never came."""

    instance: str
    first: int
    last: int
    missing: int


@dataclass(slots=True)
class SourceGaps:
    """One run's sources; feed it in ledger order."""

    _next: dict[str, int] = field(default_factory=dict)
    _open: dict[str, list[Gap]] = field(default_factory=dict)

    def feed(self, instance: str | None, number: int | None, gap_before: int) -> None:
        """Take one record into account."""
        if instance is None or number is None:
            return
        expected = self._next.get(instance, 0)
        if number < expected:
            self._close(instance, number)
            return
        if gap_before > 0 and number > expected:
            gaps = self._open.setdefault(instance, [])
            gaps.append(Gap(instance, expected, number - 1, min(gap_before, number - expected)))
            _join_oldest(gaps)
        self._next[instance] = number + 1

    def open(self) -> list[Gap]:
        """What is still missing."""
        return [gap for gaps in self._open.values() for gap in gaps]

    def _close(self, instance: str, number: int) -> None:
        kept = []
        for gap in self._open.get(instance, []):
            if gap.first <= number <= gap.last:
                kept += _without(gap, number)
            else:
                kept.append(gap)
        _join_oldest(kept)
        self._open[instance] = kept


def _join_oldest(gaps: list[Gap]) -> None:
    if len(gaps) > RANGES_MAX:
        first, second = gaps[:2]
        gaps[:2] = [Gap(first.instance, first.first, second.last, first.missing + second.missing)]


def _without(gap: Gap, number: int) -> list[Gap]:
    if gap.missing == gap.last - gap.first + 1:  # every number of the range is missing: split it exactly
        below = Gap(gap.instance, gap.first, number - 1, number - gap.first)
        above = Gap(gap.instance, number + 1, gap.last, gap.last - number)
        return [part for part in (below, above) if part.missing > 0]
    rest = Gap(gap.instance, gap.first, gap.last, gap.missing - 1)
    return [rest] if rest.missing > 0 else []
