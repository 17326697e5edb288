"""The check of an evidence, for a person."""

from collections.abc import Iterator

from rich.text import Text

from chatsnapshot.evidence.evidence_report import EvidenceReport
from chatsnapshot.rendering.printable import count_text, one_line
from chatsnapshot.verification.findings import OPEN
from chatsnapshot_schemas.envelope import moment
from chatsnapshot_schemas.signing_key import key_id

SHOWN_MAX = 50
"""Findings printed; all that were kept are in the JSON form."""
TAILS_SHOWN_MAX = 16
"""Partitions whose tail has something to say; all are in the JSON form."""


def evidence_lines(report: EvidenceReport) -> Iterator[Text]:
    """Four verdicts, what they rest on, and the findings."""
    yield Text.assemble(
        _verdict(report.intact, "intact", "NOT INTACT", "bold red"),
        ", ",
        _verdict(report.complete, "complete", "not complete"),
        ", ",
        _verdict(report.causes_resolved, "causes resolved", "causes unresolved"),
        "; ",
        _verdict(report.proven_until is not None, report.tail, report.tail),
    )
    found, as_of = report.found, moment(report.made_at).isoformat(timespec="seconds")
    yield Text(
        f"{report.scope}, as of {as_of}: {count_text(found.records, 'record')} in {count_text(found.runs, 'run')}, "
        f"{report.covered:,} of them under {count_text(report.roots, 'Merkle root')}",
        "dim",
    )
    yield from _signatures(report)
    yield from _tails(report)
    if report.causes_elsewhere:
        yield Text(f"{count_text(report.causes_elsewhere, 'cause')} in runs that are not part of this evidence", "dim")
    for finding in found.findings[:SHOWN_MAX]:
        text = Text.assemble((f"{finding.kind:<17}", "yellow" if finding.kind in OPEN else "bold red"), " ")
        where = finding.correlation_id + (f" #{finding.sequence_no}" if finding.sequence_no else "")
        yield text.append(f"{one_line(where, 80)}  {one_line(finding.detail, 300)}" if where else finding.detail)
    if (more := found.counts.total() - SHOWN_MAX) > 0:
        yield Text(f"… {more:,} more: {', '.join(f'{kind} {count:,}' for kind, count in found.counts.items())}", "dim")
    yield Text(f"manifest SHA-256 {report.manifest_sha256}", "dim")


def _signatures(report: EvidenceReport) -> Iterator[Text]:
    for key, count in sorted(report.keys.items()):
        whence = "given with --public-key" if report.is_key_trusted else "came with the evidence: compare it elsewhere"
        yield Text(f"{count_text(count, 'root')} signed by key {key_id(key)} ({whence})", "dim")
    if report.unsigned:
        yield Text(f"{count_text(report.unsigned, 'root')} not signed: they prove nothing without an anchor", "yellow")


def _tails(report: EvidenceReport) -> Iterator[Text]:
    if not report.has_anchor:
        yield Text(
            "tail not proven: records cut off at the end, with their roots, leave no trace here; --anchor compares "
            "roots that were kept elsewhere",
            "yellow",
        )
        return
    told = [tail for tail in report.tails if tail.note or tail.records_after]
    for tail in told[:TAILS_SHOWN_MAX]:
        until = "not proven" if tail.proven_until is None else f"proven up to {moment(tail.proven_until).isoformat()}"
        after = f", {count_text(tail.records_after, 'record')} after it" if tail.records_after > 0 else ""
        note = f" ({tail.note})" if tail.note else ""
        yield Text(f"partition {tail.partition}: tail {until}{after}{note}", "dim" if tail.proven_until else "yellow")


def _verdict(holds: bool, good: str, bad: str, bad_style: str = "bold yellow") -> tuple[str, str]:
    return (good, "bold green") if holds else (bad, bad_style)
