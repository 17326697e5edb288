"""One instance in one run: what its producer numbered against what is anywhere. Pure: numbers in, named gaps out.

A number is accounted for when its event is recorded, is held, is in quarantine or was solved there, or when a duplicate
used it up. Every other number below the greatest that anyone knows of is a gap with a name:

    never_came  a later number is there, this one is not
    tail        acknowledged by the destination as the producer reports, and nowhere
    unsent      numbered and never acknowledged: it waits in the producer's spool, or was lost with it
    dropped     the producer's spool was full
    refused     the destination will never take it; it is in the folder `rejected` beside the spool
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from chatsnapshot.completeness.holes import Hole
from chatsnapshot.completeness.number_sets import common, end, of_ranges, size, text, without
from chatsnapshot_schemas.source_reports import LostNumbers, RunReport
from chatsnapshot_schemas.state_entries import NumberRanges

GAPS_MAX = 100
"""Named for one instance in one run; what is beyond them is counted in one more."""

NUMBER_END = 2**63
"""No source number reaches it."""


class GapKind(StrEnum):
    """The name of a gap, as above."""

    NEVER_CAME = "never_came"
    TAIL = "tail"
    UNSENT = "unsent"
    DROPPED = "dropped"
    REFUSED = "refused"


class Source(NamedTuple):
    """One instance in one run."""

    tenant_id: str
    instance: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Gap:
    """`missing` of the numbers `first` to `last`; all of them unless it says less."""

    source: Source
    kind: GapKind
    first: int
    last: int
    missing: int
    detail: str


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that is known of one source. Numbers may be in several places while they move on."""

    source: Source
    records: int = 0
    """Rows of table `ledger`."""
    numbers: int = 0
    """Different numbers among them."""
    end: int = 0
    """One more than the greatest of them."""
    holes: tuple[Hole, ...] = ()
    """What is absent below it."""
    in_topic: NumberRanges = ()
    """Recorded in the ledger topic, beyond what the sink has done."""
    held: NumberRanges = ()
    quarantined: NumberRanges = ()
    used: NumberRanges = ()
    """Used up by events that will not be recorded under them: duplicates, and what was solved in quarantine."""
    report: RunReport | None = None


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What came of one source's events: counts of numbers, unless they say otherwise."""

    source: Source
    reported: bool
    numbered: int
    """As the producer says, or one more than the greatest number seen."""
    acknowledged: int
    """At least: as the producer says, and whatever was seen behind the broker."""
    recorded: int
    """Records in the ledger, several under one number included."""
    reused: int
    """Records under a number that another record has, too."""
    held: int
    quarantined: int
    used: int
    projected: int
    """Rows of table `ledger`."""
    gaps: tuple[Gap, ...] = ()
    missing_of: dict[GapKind, int] = field(default_factory=dict)

    @property
    def missing(self) -> int:
        """Numbers whose event is nowhere, the producer's own spool included."""
        return sum(self.missing_of.values())

    @property
    def is_complete(self) -> bool:
        """Everything that was numbered is recorded and projected, or was used up."""
        return not (self.missing or self.held or self.quarantined or self.recorded > self.projected)


def reconcile(known: Known) -> Reconciled:
    """Account for every number of one source."""
    absent = of_ranges((hole.first, hole.last) for hole in known.holes)
    not_in_table = (*absent, (known.end, NUMBER_END))
    in_topic, held, used = (common(each, not_in_table) for each in (known.in_topic, known.held, known.used))
    elsewhere = of_ranges((*in_topic, *held, *known.quarantined, *used))
    seen_end = max(known.end, end(elsewhere))
    report = known.report
    numbered = max(seen_end, report.numbered if report else 0)
    recorded = known.records + size(in_topic)
    naming = _Naming(known.source, report, seen_end, recorded)
    for hole in known.holes:
        naming.hole(hole, elsewhere)
    naming.exact(without(((known.end, numbered - 1),) if numbered > known.end else (), elsewhere))
    seen = known.numbers + size(elsewhere)
    return Reconciled(
        source=known.source,
        reported=report is not None,
        numbered=numbered,
        acknowledged=min(numbered, max(seen, report.acknowledged if report else 0)),
        recorded=recorded,
        reused=known.records - known.numbers,
        held=size(held),
        quarantined=size(known.quarantined),
        used=size(without(used, known.quarantined)),
        projected=known.records,
        gaps=tuple(naming.gaps),
        missing_of=naming.missing_of,
    )


class _Naming:
    """Names the absent numbers of one source."""

    def __init__(self, source: Source, report: RunReport | None, seen_end: int, recorded: int) -> None:
        self._source = source
        self._report = report
        self._seen_end = seen_end
        self._recorded = recorded
        self._lost: list[tuple[GapKind, LostNumbers]] = []
        if report is not None:
            self._lost = [(GapKind.DROPPED, report.dropped), (GapKind.REFUSED, report.refused)]
        self.gaps: list[Gap] = []
        self.missing_of: dict[GapKind, int] = {}

    def hole(self, hole: Hole, elsewhere: NumberRanges) -> None:
        """Numbers below the greatest recorded one."""
        left = without(((hole.first, hole.last),), elsewhere)
        missing = min(hole.missing, size(left))
        if missing == size(left):
            self.exact(left)
        elif missing:
            self._inexact(left, missing)

    def exact(self, numbers: NumberRanges) -> None:
        """All of these are missing."""
        for kind, lost in self._lost:
            told = common(numbers, lost.ranges)
            for first, last in told:
                self._name(kind, first, last, last - first + 1)
            numbers = without(numbers, told)
        below = ((0, self._seen_end - 1),) if self._seen_end else ()
        for first, last in common(numbers, below):
            self._name(GapKind.NEVER_CAME, first, last, last - first + 1)
        settled = self._report.settled if self._report else 0
        above = without(numbers, below)
        acknowledged: NumberRanges = ((0, settled - 1),) if settled else ()
        for first, last in common(above, acknowledged):
            self._name(GapKind.TAIL, first, last, last - first + 1)
        for first, last in without(above, acknowledged):
            self._name(GapKind.UNSENT, first, last, last - first + 1)

    def _inexact(self, left: NumberRanges, missing: int) -> None:
        """So many of these are missing; the others were used up by duplicates."""
        for kind, lost in self._lost:
            told = common(left, lost.ranges)
            if told:
                count = min(missing, size(told))
                self._name(kind, told[0][0], told[-1][1], count)
                missing -= count
        if missing:
            self._name(GapKind.NEVER_CAME, left[0][0], left[-1][1], missing)

    def _name(self, kind: GapKind, first: int, last: int, missing: int) -> None:
        self.missing_of[kind] = self.missing_of.get(kind, 0) + missing
        if len(self.gaps) > GAPS_MAX:
            before = self.gaps.pop()
            first, last, missing = min(first, before.first), max(last, before.last), before.missing + missing
            kind = before.kind if before.kind is kind else GapKind.NEVER_CAME
        self.gaps.append(Gap(self._source, kind, first, last, missing, self._words(kind, first, last, missing)))

    def _words(self, kind: GapKind, first: int, last: int, missing: int) -> str:
        numbers = text(first, last)
        if missing < last - first + 1:
            numbers = f"{missing} of {numbers}"
        report = self._report
        if kind is GapKind.TAIL and report is not None:
            return f"tail: the producer reported {report.settled}, {self._recorded} recorded: {numbers} missing"
        if kind is GapKind.UNSENT and report is not None:
            return (
                f"tail: the producer numbered {report.numbered}, {self._recorded} recorded: {numbers} never "
                "acknowledged; in its spool, or lost with it"
            )
        if kind is GapKind.DROPPED:
            return f"source_seq {numbers} dropped by the producer: {missing} found its spool full"
        if kind is GapKind.REFUSED:
            return f"source_seq {numbers} refused by the destination for good: in `rejected` beside the spool"
        return f"source_seq {numbers} never came"
