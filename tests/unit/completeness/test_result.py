import pytest

from chatsnapshot.completeness import reported, result
from chatsnapshot.completeness.holes import Hole
from chatsnapshot.completeness.reconciliation import Known, Source, reconcile
from chatsnapshot.completeness.reported import Reported
from chatsnapshot.completeness.result import Completeness
from chatsnapshot.rendering.completeness_text import completeness_json, completeness_parts
from chatsnapshot_schemas.source_reports import InstanceReport, LostNumbers, RunReport


def complete(number: int) -> Known:
    return Known(Source("default", f"i-{number}", f"run-{number}"), records=3, numbers=3, end=3)


def holed(number: int) -> Known:
    return Known(Source("default", f"i-{number}", f"run-{number}"), records=3, numbers=3, end=5, holes=(Hole(1, 2, 2),))


def test_complete_and_open() -> None:
    found = Completeness()
    assert (found.verdict, found.exit_code) == ("complete", 0)
    found.add(reconcile(complete(1)), None)
    assert (found.verdict, found.figures["numbered"], found.unreported_runs) == ("complete", 3, 1)
    found.add(reconcile(holed(2)), None)
    assert (found.verdict, found.exit_code, found.open_runs, found.runs) == ("open", 3, 1, 2)


@pytest.mark.parametrize("what", ["behind", "notes", "unnumbered_quarantined", "unnumbered_held"])
def test_whatever_limits_the_answer_leaves_it_open(what: str) -> None:
    found = Completeness()
    setattr(found, what, ["text"] if what in ("behind", "notes") else 1)
    assert found.verdict == "open"


def test_what_is_kept_is_bounded_and_what_is_counted_is_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GAPS_MAX", "ROWS_MAX", "INSTANCES_MAX"):
        monkeypatch.setattr(result, name, 5)
    found = Completeness()
    for number in range(20):
        found.add(reconcile(holed(number)), None)
        found.add(reconcile(complete(100 + number)), None)
    assert (len(found.gaps), len(found.rows), len(found.complete_rows), len(found.instances)) == (5, 5, 5, 5)
    assert (found.gap_count, found.runs, found.open_runs, found.runs_of_more_instances) == (20, 40, 20, 35)
    document = completeness_json(found, 3)
    assert (len(document["runs"]), document["runs_more"], document["gaps_more"]) == (3, 37, 15)
    assert len(list(completeness_parts(found, 3))) == 2 + 2 + 5 + 1


def test_reports_beyond_the_bound_are_counted_the_oldest_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reported, "RUNS_MAX", 3)
    monkeypatch.setattr(reported, "INSTANCES_MAX", 2)
    found = Reported()
    for number in range(5):
        found.add(RunReport("default", "i", f"run-{number}", 1, 1, number))
        found.add(InstanceReport("default", f"i-{number}", "s", "h", 1, "", 1, 1))
    found.add(RunReport("default", "i", "run-2", 2, 2, 9))
    assert [source.correlation_id for source in found.sources()] == ["run-3", "run-4", "run-2"]
    assert (found.left_out, [instance for _, instance in found.instances]) == (2, ["i-3", "i-4"])


def test_reports_of_several_senders_are_one() -> None:
    found = Reported()
    source = Source("default", "i", "run")
    found.add(RunReport(*source, 5, 2, 1, dropped=LostNumbers(1, ((4, 4),))))
    found.add(RunReport(*source, 4, 4, 2, sender="heir"))
    found.add(RunReport(*source, 6, 6, 3, sender="heir"))
    together = found.of(source)
    assert together is not None
    assert (together.numbered, together.settled, together.acknowledged) == (6, 6, 5)
    assert found.of(Source("default", "other", "run")) is None
