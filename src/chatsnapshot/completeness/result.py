"""What a look at completeness found, bounded: totals of everything, rows and gaps as many as a person reads."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from chatsnapshot.completeness.reconciliation import Gap, GapKind, Reconciled
from chatsnapshot_schemas.source_reports import InstanceReport

Verdict = Literal["complete", "open"]
GAPS_MAX = 1_000
"""Kept with their words; all are counted."""
ROWS_MAX = 1_000
"""Runs kept of those that are open, and as many of the complete ones."""
INSTANCES_MAX = 10_000
"""Instances kept; the others are in the totals."""
FIGURES = ("numbered", "acknowledged", "recorded", "held", "quarantined", "used", "projected", "missing")


@dataclass(slots=True)
class InstanceFigures:
    """Sums over the runs of one instance."""

    tenant_id: str
    instance: str
    report: InstanceReport | None
    """None: it never said who it is."""
    runs: int = 0
    open_runs: int = 0
    unreported_runs: int = 0
    figures: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Completeness:
    """The answer."""

    runs: int = 0
    open_runs: int = 0
    unreported_runs: int = 0
    """Of an instance without a report: whether something is missing at their end is not known."""
    figures: Counter[str] = field(default_factory=Counter)
    missing_of: Counter[GapKind] = field(default_factory=Counter)
    gaps: list[Gap] = field(default_factory=list)
    gap_count: int = 0
    instances: dict[tuple[str, str], InstanceFigures] = field(default_factory=dict)
    runs_of_more_instances: int = 0
    """Of those beyond INSTANCES_MAX."""
    rows: list[Reconciled] = field(default_factory=list)
    complete_rows: list[Reconciled] = field(default_factory=list)
    unnumbered_records: int = 0
    unnumbered_quarantined: int = 0
    unnumbered_held: int = 0
    behind: list[str] = field(default_factory=list)
    """Stages that had not done their input, in words."""
    notes: list[str] = field(default_factory=list)
    """What else limits the answer, in words; it is not complete with them."""
    remarks: list[str] = field(default_factory=list)
    """What is worth knowing and makes nothing incomplete."""
    seconds: float = 0.0

    def add(self, row: Reconciled, report: InstanceReport | None) -> None:
        """Take one source into account."""
        counts = Counter({name: getattr(row, name) for name in FIGURES})
        self.runs += 1
        self.open_runs += not row.is_complete
        self.unreported_runs += not row.reported
        self.figures.update(counts)
        self.missing_of.update(row.missing_of)
        self.gap_count += len(row.gaps)
        self.gaps += row.gaps[: GAPS_MAX - len(self.gaps)]
        kept = self.complete_rows if row.is_complete else self.rows
        if len(kept) < ROWS_MAX:
            kept.append(row)
        self._add_to_instance(row, report, counts)

    def _add_to_instance(self, row: Reconciled, report: InstanceReport | None, counts: Counter[str]) -> None:
        whose = row.source.tenant_id, row.source.instance
        if whose not in self.instances and len(self.instances) >= INSTANCES_MAX:
            self.runs_of_more_instances += 1
            return
        instance = self.instances.setdefault(whose, InstanceFigures(*whose, report))
        instance.runs += 1
        instance.open_runs += not row.is_complete
        instance.unreported_runs += not row.reported
        instance.figures.update(counts)

    @property
    def verdict(self) -> Verdict:
        """Complete: everything that anyone knows to have been numbered is recorded and in the tables."""
        is_open = self.open_runs or self.unnumbered_quarantined or self.unnumbered_held or self.behind or self.notes
        return "open" if is_open else "complete"

    @property
    def exit_code(self) -> int:
        """0 complete, 3 open."""
        return 3 if self.verdict == "open" else 0
