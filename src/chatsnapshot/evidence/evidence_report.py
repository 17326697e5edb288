"""What a check of an evidence came to: four verdicts, each its own."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from chatsnapshot.evidence.tail import Tail, proven_until, tail_verdict
from chatsnapshot.verification.findings import Finding, Report
from chatsnapshot_schemas.envelope import moment
from chatsnapshot_schemas.signing_key import key_id


@dataclass(slots=True)
class EvidenceReport:
    """The findings, and what they mean."""

    made_at: int = 0
    """When the evidence was made, microseconds since 1970: it says nothing of later records."""
    scope: str = ""
    manifest_sha256: str = ""
    found: Report = field(default_factory=Report)
    roots: int = 0
    unsigned: int = 0
    keys: dict[bytes, int] = field(default_factory=dict)
    """Public keys, with the number of roots that each signed."""
    is_key_trusted: bool = False
    """Whether public keys were given; else those that came with the evidence were taken."""
    has_anchor: bool = False
    tails: list[Tail] = field(default_factory=list)
    covered: int = 0
    """Records that a root counts."""
    causes_elsewhere: int = 0
    """Causes in runs that are not in the evidence."""

    def add(self, finding: Finding) -> None:
        """Take a finding."""
        self.found.add(finding)

    @property
    def intact(self) -> bool:
        """Bytes, hashes, chains, numbers, order of causes, roots, signatures and anchor hold."""
        return self.found.intact

    @property
    def complete(self) -> bool:
        """No gap in a source's numbers, nothing held, nothing in quarantine when the evidence was made."""
        return self.found.complete

    @property
    def causes_resolved(self) -> bool:
        """Every cause that an event names is recorded before it, or lies outside the evidence."""
        return self.found.causes_resolved

    @property
    def proven_until(self) -> datetime | None:
        """The tail of every partition is proven up to here, by append time; None: not that of all."""
        return proven_until(self.tails)

    @property
    def tail(self) -> str:
        """The verdict over the tail, for people."""
        return tail_verdict(self.tails)

    @property
    def exit_code(self) -> int:
        """0 intact, complete and causes resolved; 2 not intact; 3 intact with something open. The tail's verdict counts
        where an anchor was given."""
        if not self.intact:
            return 2
        return 3 if self.found.counts else 0

    def to_json(self) -> dict[str, Any]:
        """For a machine."""
        from chatsnapshot.rendering.json_values import json_value

        return {
            "intact": self.intact,
            "complete": self.complete,
            "causes_resolved": self.causes_resolved,
            "tail": self.tail,
            "tail_proven_until": json_value(self.proven_until) if self.proven_until else None,
            "exit_code": self.exit_code,
            "scope": self.scope,
            "made_at": json_value(moment(self.made_at)),
            "manifest_sha256": self.manifest_sha256,
            "runs": self.found.runs,
            "records": self.found.records,
            "records_under_roots": self.covered,
            "roots": self.roots,
            "unsigned_roots": self.unsigned,
            "keys": {key_id(key): {"roots": count, "public_key": key.hex()} for key, count in self.keys.items()},
            "keys_from": "outside" if self.is_key_trusted else "the evidence itself",
            "causes_elsewhere": self.causes_elsewhere,
            "tails": [
                {
                    "partition": tail.partition,
                    "proven_until": json_value(moment(tail.proven_until)) if tail.proven_until is not None else None,
                    "records_after": tail.records_after,
                    "note": tail.note,
                }
                for tail in self.tails
            ],
            "seconds": round(self.found.seconds, 3),
            "counts": {str(kind): count for kind, count in self.found.counts.items()},
            "findings": [asdict(finding) for finding in self.found.findings],
        }
