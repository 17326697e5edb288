"""Whether a verification found what was planted, and nothing else."""

from chatsnapshot.demo.planted import Planted
from chatsnapshot.verification.findings import Finding, Kind, Report


def differences(report: Report, planted: Planted) -> list[str]:
    """What is missing from the findings or too much in them, one line each; empty: exactly what was planted."""
    gaps = [finding for finding in report.findings if _is_planted_gap(finding, planted)]
    refused = [finding for finding in report.findings if _is_planted_refusal(finding, planted)]
    lines = []
    if len(gaps) != 1:
        lines.append(f"the planted gap was found {len(gaps)} times")
    if len(refused) != 1:
        lines.append(f"the planted refusal was found {len(refused)} times")
    others = [finding for finding in report.findings if finding not in (*gaps, *refused)]
    lines += [f"not planted: {finding.kind}: {finding.detail}" for finding in others]
    unlisted = report.counts.total() - len(report.findings)
    return [*lines, f"{unlisted} further findings"] if unlisted else lines


def _is_planted_gap(finding: Finding, planted: Planted) -> bool:
    return finding.kind is Kind.GAP and planted.gap_instance in finding.detail


def _is_planted_refusal(finding: Finding, planted: Planted) -> bool:
    return finding.kind is Kind.QUARANTINED and finding.event_id == planted.refused_event_id
