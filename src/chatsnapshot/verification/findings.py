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
    """A record of the ledger topic cannot be decoded, or its envelope breaks a rule."""
    HASH_MISMATCH = "hash_mismatch"
    """A record's bytes are not those that were hashed."""
    CHAIN_BROKEN = "chain_broken"
    """A record does not follow the one before it."""
    NOT_DENSE = "not_dense"
    """A sequence number is skipped or repeated."""
    EVENT_REPEATED = "event_repeated"
    """The same event has two numbers in one run."""
    CAUSE_ORDER = "cause_order"
    """What a record says of its cause does not fit what is before it."""
    WRONG_PARTITION = "wrong_partition"
    """A run is in a partition that its key does not belong to."""
    TABLE_MISSING = "table_missing"
    """In the topic, not in table `ledger`."""
    TABLE_DIFFERS = "table_differs"
    """Table `ledger` shows another record than the topic."""
    TABLE_SURPLUS = "table_surplus"
    """In table `ledger`, not in the topic."""
    GAP = "gap"
    """Numbers of a source were missing when a later one was recorded, and never came."""
    HELD = "held"
    """An event waits now for its cause or predecessor."""
    QUARANTINED = "quarantined"
    """An input was refused and waits for a person."""
    UNRESOLVED_CAUSE = "unresolved_cause"
    """A cause that an event names is not recorded."""
    TABLES_BEHIND = "tables_behind"
    """The sink has not brought the tables to where the topic was; they were not compared."""
    BLOB_CHANGED = "blob_changed"
    """A payload in blob storage is not the one that was recorded: the chain holds, the content does not."""
    BLOB_MISSING = "blob_missing"
    """A payload above the cap is not in blob storage; the ledger has its preview and digest."""
    BLOB_UNREACHABLE = "blob_unreachable"
    """The blob storage did not answer; the payload was not checked."""


OPEN = frozenset(
    {
        Kind.GAP,
        Kind.HELD,
        Kind.QUARANTINED,
        Kind.UNRESOLVED_CAUSE,
        Kind.TABLES_BEHIND,
        Kind.BLOB_MISSING,
        Kind.BLOB_UNREACHABLE,
    }
)
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
    blobs: int = 0
    """Payloads in blob storage that were looked at."""
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
