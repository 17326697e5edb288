"""A verification's report for a person and for a machine."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.text import Text

from chatsnapshot.rendering.printable import count_text, one_line
from chatsnapshot.verification.findings import OPEN, VERDICTS, Finding, Report

SHOWN_MAX = 50
"""Findings printed; all that were kept are in the JSON form."""
_VERDICT_STYLES = {"intact and complete": "bold green", "intact, but open": "bold yellow", "broken": "bold red"}


def report_lines(report: Report, labels: dict[str, str] | None = None) -> Iterator[Text]:
    """Verdict, what was looked at, and the findings; `labels` (by event id or detail) are put beside theirs."""
    yield Text.assemble((report.verdict, _VERDICT_STYLES[report.verdict]), (f" ({_verdicts(report)})", "dim"))
    blobs = f", {count_text(report.blobs, 'payload')} read from blob storage" if report.blobs else ""
    yield Text(
        f"{count_text(report.records, 'record')} in {count_text(report.runs, 'run')}: every hash recomputed from the "
        f"raw ledger topic{blobs} in {report.seconds:.1f} s",
        "dim",
    )
    yield from _inputs(report)
    yield from _tables(report)
    for finding in report.findings[:SHOWN_MAX]:
        yield _line(finding, labels or {})
    if (more := report.counts.total() - SHOWN_MAX) > 0:
        yield Text(f"… {more:,} more: {', '.join(f'{kind} {count:,}' for kind, count in report.counts.items())}", "dim")


def report_json(report: Report) -> dict[str, Any]:
    """The whole report."""
    return {
        "verdict": report.verdict,
        "exit_code": report.exit_code,
        **{name: getattr(report, name) for name, _, _ in VERDICTS},
        "runs": report.runs,
        "records": report.records,
        "blobs": report.blobs,
        "inputs": _inputs_json(report),
        "tables": list(report.tables),
        "bills_left_out": report.bills_left_out,
        "growing": report.growing,
        "seconds": round(report.seconds, 3),
        "counts": {str(kind): count for kind, count in report.counts.items()},
        "findings": [asdict(finding) for finding in report.findings],
    }


def _verdicts(report: Report) -> str:
    return ", ".join(good if getattr(report, name) else bad for name, good, bad in VERDICTS)


def _inputs(report: Report) -> Iterator[Text]:
    """Where the inputs ended, and from which offset on they were there to be looked at."""
    counts = report.accounted
    if counts is None:
        return
    places = ", ".join(f"{counts.places[name]:,} {name}" for name in ("recorded", "quarantined", "held", "duplicate"))
    begins = ", ".join(f"{partition}@{begin:,}" for partition, begin in sorted(counts.begin.items()) if begin)
    since = f"; retention has taken what is before {one_line(begins, 200)}" if begins else ""
    yield Text(f"{count_text(counts.inputs, 'input')} of the events topic: {places}{since}", "dim")


def _tables(report: Report) -> Iterator[Text]:
    if report.tables:
        left = f"; {count_text(report.bills_left_out, 'bill')} with odd usage left out" if report.bills_left_out else ""
        grew = f"; {count_text(report.growing, 'run')} still being written, compared in part" if report.growing else ""
        yield Text(f"compared: {', '.join(report.tables)}{left}{grew}", "dim")
    else:
        yield Text("not compared with the tables", "dim")


def _inputs_json(report: Report) -> dict[str, Any] | None:
    counts = report.accounted
    if counts is None:
        return None
    return {
        "inputs": counts.inputs,
        "places": dict(counts.places),
        "from_offset": {str(k): v for k, v in counts.begin.items()},
    }


def _line(finding: Finding, labels: dict[str, str]) -> Text:
    text = Text.assemble((f"{finding.kind:<18}", "yellow" if finding.kind in OPEN else "bold red"), " ")
    where = finding.correlation_id + (f" #{finding.sequence_no}" if finding.sequence_no else "")
    text.append(f"{one_line(where, 80)}  {one_line(finding.detail, 200)}")
    for name, label in labels.items():
        if name in (finding.event_id, finding.kind):
            text.append(f"  [{label}]", "dim")
    return text
