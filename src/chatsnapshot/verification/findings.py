"""What a verification can find, and the verdict over it.

Broken findings contradict the contract (exit 2). Open ones are honest holes: something is missing, waits or was
refused (exit 3).
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Verdict = Literal["intact and complete", "broken", "intact, but open"]


class Kind(StrEnum):
    """The name of a finding."""

    UNREADABLE = "unreadable"
    HASH_MISMATCH = "hash_mismatch"
    CHAIN_BROKEN = "chain_broken"
    NOT_DENSE = "not_dense"
    EVENT_REPEATED = "event_repeated"
    CAUSE_ORDER = "cause_order"
    WRONG_PARTITION = "wrong_partition"
    TABLE_MISSING = "table_missing"
    TABLE_DIFFERS = "table_differs"
    TABLE_SURPLUS = "table_surplus"
    GAP = "gap"
    HELD = "held"
    QUARANTINED = "quarantined"
    UNRESOLVED_CAUSE = "unresolved_cause"
    TABLES_BEHIND = "tables_behind"


OPEN = frozenset({Kind.GAP, Kind.HELD, Kind.QUARANTINED, Kind.UNRESOLVED_CAUSE, Kind.TABLES_BEHIND})
"""Kinds that leave a ledger intact."""

FINDINGS_MAX = 1_000
"""Kept in full; beyond it only counted, so that a ruined ledger cannot fill the memory."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or open."""

    kind: Kind
    detail: str
    tenant_id: str = ""
    correlation_id: str = ""
    sequence_no: int | None = None
    event_id: str | None = None


@dataclass(slots=True)
class Report:
    """What was looked at, and what was found."""

    runs: int = 0
    records: int = 0
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)
    counts: Counter[Kind] = field(default_factory=Counter)

    def add(self, finding: Finding) -> None:
        """Count a finding, and keep it while there is room."""
        self.counts[finding.kind] += 1
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(finding)

    @property
    def intact(self) -> bool:
        """Hashes, chain, numbers, causes and tables hold."""
        return all(kind in OPEN for kind in self.counts)

    @property
    def verdict(self) -> Verdict:
        """One of three."""
        if not self.intact:
            return "broken"
        return "intact, but open" if self.counts else "intact and complete"

    @property
    def exit_code(self) -> int:
        """0 intact and complete, 2 broken, 3 intact with something open."""
        return {"intact and complete": 0, "broken": 2, "intact, but open": 3}[self.verdict]
