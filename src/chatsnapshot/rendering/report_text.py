"""A verification's report for a person and for a machine."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.text import Text

from chatsnapshot.rendering.printable import count_text, one_line
from chatsnapshot.verification.findings import OPEN, Finding, Report

SHOWN_MAX = 50
"""Findings printed; all that were kept are in the JSON form."""
_VERDICT_STYLES = {"intact and complete": "bold green", "intact, but open": "bold yellow", "broken": "bold red"}


def report_lines(report: Report, labels: dict[str, str] | None = None) -> Iterator[Text]:
    """Verdict, what was looked at, and the findings; `labels` (by event id or detail) are put beside theirs."""
    yield Text(report.verdict, _VERDICT_STYLES[report.verdict])
    blobs = f", {count_text(report.blobs, 'payload')} read from blob storage" if report.blobs else ""
    yield Text(
        f"{count_text(report.records, 'record')} in {count_text(report.runs, 'run')}: every hash recomputed from the "
        f"raw ledger topic and compared with the tables{blobs} in {report.seconds:.1f} s",
        "dim",
    )
    for finding in report.findings[:SHOWN_MAX]:
        yield _line(finding, labels or {})
    if (more := report.counts.total() - SHOWN_MAX) > 0:
        yield Text(f"… {more:,} more: {', '.join(f'{kind} {count:,}' for kind, count in report.counts.items())}", "dim")


def report_json(report: Report) -> dict[str, Any]:
    """The whole report."""
    return {
        "verdict": report.verdict,
        "exit_code": report.exit_code,
        "intact": report.intact,
        "runs": report.runs,
        "records": report.records,
        "blobs": report.blobs,
        "seconds": round(report.seconds, 3),
        "counts": {str(kind): count for kind, count in report.counts.items()},
        "findings": [asdict(finding) for finding in report.findings],
    }


def _line(finding: Finding, labels: dict[str, str]) -> Text:
    text = Text.assemble((f"{finding.kind:<17}", "yellow" if finding.kind in OPEN else "bold red"), " ")
    where = finding.correlation_id + (f" #{finding.sequence_no}" if finding.sequence_no else "")
    text.append(f"{one_line(where, 80)}  {one_line(finding.detail, 200)}")
    for name, label in labels.items():
        if name in (finding.event_id, finding.kind):
            text.append(f"  [{label}]", "dim")
    return text
