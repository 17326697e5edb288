import pytest

from chatsnapshot.demo.outcome import differences
from chatsnapshot.demo.planted import Planted
from chatsnapshot.verification.findings import Finding, Kind, Report

PLANTED = Planted(gap_instance="planted-gap", refused_event_id="e-1")
GAP = Finding(Kind.GAP, "1 event(s) of source planted-gap never came (source_seq 1)")
REFUSED = Finding(Kind.QUARANTINED, "event_id_conflict: ...", event_id="e-1")


def report(*findings: Finding) -> Report:
    made = Report()
    for finding in findings:
        made.add(finding)
    return made


def test_exactly_what_was_planted() -> None:
    assert differences(report(GAP, REFUSED), PLANTED) == []


@pytest.mark.parametrize(
    "findings",
    [
        (),
        (GAP,),
        (REFUSED,),
        (GAP, GAP, REFUSED),
        (GAP, REFUSED, Finding(Kind.HASH_MISMATCH, "bad")),
        (GAP, REFUSED, Finding(Kind.GAP, "1 event(s) of source host-1 never came (source_seq 4)")),
        (GAP, REFUSED, Finding(Kind.QUARANTINED, "undecodable: ...", event_id="e-2")),
    ],
)
def test_anything_else_is_named(findings: tuple[Finding, ...]) -> None:
    assert differences(report(*findings), PLANTED)


def test_findings_that_were_only_counted_are_not_overlooked() -> None:
    made = report(GAP, REFUSED)
    made.counts[Kind.HELD] += 1
    assert differences(made, PLANTED) == ["1 further findings"]
