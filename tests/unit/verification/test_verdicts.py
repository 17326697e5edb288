"""Separate verdicts: what each kind of finding says of them."""

import pytest

from chatsnapshot.rendering.report_text import report_json, report_lines
from chatsnapshot.verification.findings import INCOMPLETE, OPEN, UNRESOLVED, Finding, InputCounts, Kind, Report


def report_of(*kinds: Kind) -> Report:
    report = Report()
    for kind in kinds:
        report.add(Finding(kind, "said"))
    return report


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_says_something_of_a_verdict(kind: Kind) -> None:
    report = report_of(kind)
    assert (not report.intact) == (kind not in OPEN)
    assert (not report.complete) == (kind in INCOMPLETE)
    assert (not report.causes_resolved) == (kind in UNRESOLVED)
    assert report.exit_code == (3 if kind in OPEN else 2)


def test_a_gap_leaves_the_ledger_intact_but_not_complete() -> None:
    report = report_of(Kind.GAP)
    assert (report.intact, report.complete, report.causes_resolved) == (True, False, True)


def test_an_unresolved_cause_leaves_it_intact_and_complete() -> None:
    report = report_of(Kind.UNRESOLVED_CAUSE)
    assert (report.intact, report.complete, report.causes_resolved) == (True, True, False)


def test_people_and_machines_are_told_each() -> None:
    report = report_of(Kind.UNRESOLVED_CAUSE)
    report.accounted = InputCounts(inputs=1_200)
    report.accounted.places.update({"recorded": 1_199, "duplicate": 1})
    report.accounted.begin.update({0: 0, 1: 40_000})
    lines = [str(line) for line in report_lines(report)]
    assert lines[0] == "intact, but open (intact, complete, causes unresolved)"
    assert lines[2] == (
        "1,200 inputs of the events topic: 1,199 recorded, 0 quarantined, 0 held, 1 duplicate; "
        "retention has taken what is before 1@40,000"
    )
    assert lines[3] == "not compared with the tables"
    told = report_json(report)
    assert {name: told[name] for name in ("intact", "complete", "causes_resolved", "exit_code")} == {
        "intact": True,
        "complete": True,
        "causes_resolved": False,
        "exit_code": 3,
    }
    assert told["inputs"] == {
        "inputs": 1_200,
        "places": {"recorded": 1_199, "duplicate": 1},
        "from_offset": {"0": 0, "1": 40_000},
    }
