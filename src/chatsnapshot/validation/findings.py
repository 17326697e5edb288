"""What a check of one envelope says."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about one envelope. An error keeps it out of the ledger; a warning does not."""

    place: int
    """Line number from 1; in an Avro file byte offset from 0 (see `unit`)."""
    severity: Severity
    field: str
    reason: str
    """The code that a quarantine record would carry; of a warning: `convention` or `too_large`."""
    message: str
    fix: str
    event_id: str | None = None
    unit: Literal["line", "byte"] = "line"

    def as_dict(self) -> dict[str, Any]:
        """For `--json`: `line` or `byte` says where."""
        values = asdict(self)
        return {values.pop("unit"): values.pop("place"), **values}


@dataclass(slots=True)
class Tally:
    """Counts over a whole file, and the first FINDINGS_MAX findings."""

    events: int = 0
    invalid: int = 0
    errors: int = 0
    warnings: int = 0
    findings: list[Finding] = field(default_factory=list)

    def add(self, found: list[Finding]) -> None:
        """One envelope, with whatever was found."""
        self.events += 1
        errors = sum(finding.severity == "error" for finding in found)
        self.errors += errors
        self.warnings += len(found) - errors
        self.invalid += bool(errors)
        self.findings += found[: max(0, FINDINGS_MAX - len(self.findings))]


FINDINGS_MAX = 10_000
"""So many are kept for one JSON document; the counts go on."""
