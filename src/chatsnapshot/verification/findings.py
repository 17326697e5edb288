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
    INPUT_LOST = "input_lost"
    """An input below the committed offset is neither recorded, refused nor held, nor a duplicate."""
    INPUT_DOUBLED = "input_doubled"
    """An input is in several of these places, or in one of them twice."""
    INPUT_MADE_UP = "input_made_up"
    """A record names an input that the events topic does not have where it should be."""
    INPUT_CHANGED = "input_changed"
    """A record does not say what its input says."""
    OFFSET_BEYOND_END = "offset_beyond_end"
    """An offset is committed that lies beyond the end of its topic: the topic lost records."""
    ITEMS_DIFFER = "items_differ"
    """Table `run_items` does not show what the ledger says of a run."""
    FACTS_DIFFER = "facts_differ"
    """Table `workflow_facts` does not show what the ledger says of a run."""
    USAGE_DIFFERS = "usage_differs"
    """Table `usage_lines` does not show what the ledger says of a run."""
    RUNS_DIFFER = "runs_differ"
    """View `runs` does not show what the ledger says of a run."""
    EDGES_DIFFER = "edges_differ"
    """View `workflow_edges` does not show the causes that a run's events name."""
    BILL_DIFFERS = "bill_differs"
    """View `billing_by_run` is not what the reported usage and the prices come to."""
    HELD_DIFFERS = "held_differs"
    """View `held` does not show what waits."""
    QUARANTINE_DIFFERS = "quarantine_differs"
    """View `quarantine` does not show what was refused and not solved."""
    GAP = "gap"
    """Numbers of a source were missing when a later one was recorded, and never came."""
    HELD = "held"
    """An event waits now for its cause or predecessor."""
    QUARANTINED = "quarantined"
    """An input was refused and waits for a person."""
    UNRESOLVED_CAUSE = "unresolved_cause"
    """A cause that an event names is not recorded."""
    INPUT_WAITING = "input_waiting"
    """Inputs that are acknowledged and not sequenced yet."""
    PROJECTION_OLD = "projection_old"
    """Rows of a projection are not what its definition of today makes of the ledger, and are older than it."""
    TABLES_BEHIND = "tables_behind"
    """The sink has not brought the tables to where the topic was; they were not compared."""
    BLOB_CHANGED = "blob_changed"
    """A payload in blob storage is not the one that was recorded: the chain holds, the content does not."""
    BLOB_MISSING = "blob_missing"
    """A payload above the cap is not in blob storage; the ledger has its preview and digest."""
    BLOB_UNREACHABLE = "blob_unreachable"
    """The blob storage did not answer; the payload was not checked."""
    ROOT_DIFFERS = "root_differs"
    """A Merkle root names other records than there are: one was deleted, swapped, changed, or a chain was rewritten."""
    ROOT_CHAIN_BROKEN = "root_chain_broken"
    """A root does not follow the one before it, is missing, or is none."""
    SIGNATURE_WRONG = "signature_wrong"
    """A root is not signed by the key that it names, or by none of those that are trusted."""
    TAIL_CUT = "tail_cut"
    """A root counts records, or an anchor a root, that are not there any more."""
    ANCHOR_DIFFERS = "anchor_differs"
    """A root that was kept elsewhere is another one than the root of the same number here."""
    ANCHOR_SILENT = "anchor_silent"
    """The roots that were kept elsewhere say nothing of this partition, or nothing that can be compared."""
    FILE_CHANGED = "file_changed"
    """A file of an evidence is not the one that its manifest names."""


OPEN = frozenset(
    {
        Kind.GAP,
        Kind.HELD,
        Kind.QUARANTINED,
        Kind.UNRESOLVED_CAUSE,
        Kind.INPUT_WAITING,
        Kind.PROJECTION_OLD,
        Kind.TABLES_BEHIND,
        Kind.BLOB_MISSING,
        Kind.BLOB_UNREACHABLE,
        Kind.ANCHOR_SILENT,
    }
)
"""Kinds that leave a ledger intact."""
INCOMPLETE = frozenset(
    {
        Kind.GAP,
        Kind.HELD,
        Kind.QUARANTINED,
        Kind.INPUT_LOST,
        Kind.INPUT_WAITING,
        Kind.TABLE_MISSING,
        Kind.TABLES_BEHIND,
        Kind.BLOB_MISSING,
        Kind.BLOB_UNREACHABLE,
    }
)
"""Something was sent, or must have been, that the ledger or its tables do not have, or nobody could look."""
UNRESOLVED = frozenset({Kind.UNRESOLVED_CAUSE, Kind.CAUSE_ORDER})
"""A cause that is named is not where a cause must be."""

VERDICTS = (
    ("intact", "intact", "NOT INTACT"),
    ("complete", "complete", "not complete"),
    ("causes_resolved", "causes resolved", "causes unresolved"),
)
"""The separate verdicts, wherever they are told: name, in words when it holds, when it does not."""
_LEDGER_TABLE = frozenset({Kind.TABLE_MISSING, Kind.TABLE_DIFFERS, Kind.TABLE_SURPLUS})
RUNS_OTHERWISE_MAX = 10_000
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
class InputCounts:
    """What became of the inputs that the events topic still has."""

    inputs: int = 0
    places: Counter[str] = field(default_factory=Counter)
    """recorded, quarantined, held, duplicate."""
    begin: dict[int, int] = field(default_factory=dict)
    """By partition: the first offset that was looked at. What is before it, retention has taken."""


@dataclass(slots=True)
class Report:
    """What was looked at, and what was found."""

    runs: int = 0
    records: int = 0
    blobs: int = 0
    """Payloads in blob storage that were looked at."""
    accounted: InputCounts | None = None
    """None: the inputs were not looked at."""
    tables: tuple[str, ...] = ()
    """Tables and views that were compared."""
    growing: int = 0
    """Runs that were written meanwhile: their line in `runs` and their bill were not compared."""
    bills_left_out: int = 0
    """Runs whose bill was not computed again, because a usage report breaks the conventions."""
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)
    counts: Counter[Kind] = field(default_factory=Counter)
    runs_otherwise: set[tuple[str, str]] = field(default_factory=set)
    """(tenant, correlation) of runs that table `ledger` shows otherwise than the topic, at most RUNS_OTHERWISE_MAX.
    What follows from that is not told again."""

    def add(self, finding: Finding) -> None:
        """Count a finding, and keep it while there is room."""
        self.counts[finding.kind] += 1
        if finding.kind in _LEDGER_TABLE and len(self.runs_otherwise) < RUNS_OTHERWISE_MAX:
            self.runs_otherwise.add((finding.tenant_id, finding.correlation_id))
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(finding)

    @property
    def intact(self) -> bool:
        """Hashes, chain, numbers, causes and tables hold."""
        return all(kind in OPEN for kind in self.counts)

    @property
    def complete(self) -> bool:
        """No gap in a source's numbers, nothing held, refused, lost or still to come, and nothing that nobody could
        look at."""
        return not INCOMPLETE & self.counts.keys()

    @property
    def causes_resolved(self) -> bool:
        """Every cause that an event names is recorded, in its own run before it."""
        return not UNRESOLVED & self.counts.keys()

    @property
    def verdict(self) -> Verdict:
        """One of three, over all that was looked at."""
        if not self.intact:
            return "broken"
        return "intact, but open" if self.counts else "intact and complete"

    @property
    def exit_code(self) -> int:
        """0 intact and complete, 2 broken, 3 intact with something open."""
        return {"intact and complete": 0, "broken": 2, "intact, but open": 3}[self.verdict]
