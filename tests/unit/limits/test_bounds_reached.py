"""Bounds that no other test comes to: what is beyond them is refused, cut or forgotten, as docs/limits.md says."""

from collections import deque
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from chatsnapshot.reading import causes
from chatsnapshot.reading.causes import CauseGraph
from chatsnapshot.validation import findings as validation_findings
from chatsnapshot.validation.findings import Finding as ValidationFinding
from chatsnapshot.validation.findings import Tally
from chatsnapshot.verification import findings as verification_findings
from chatsnapshot.verification.findings import FINDINGS_MAX, Finding, Kind, Report
from chatsnapshot_processors import worker_folder
from chatsnapshot_processors.core.recorded_state import Changes, Head, KnownEvent
from chatsnapshot_processors.rocks_state import RECENT_BATCHES_MAX, RocksState
from chatsnapshot_schemas.errors import AlreadyRunning
from tests.unit.processors_app.test_rocks_state import MARK, OWNER
from tests.unit.reading.test_causes import link


def test_workers_of_a_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_folder, "WORKERS_MAX", 3)
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(worker_folder.worker_folder(tmp_path))
        with pytest.raises(AlreadyRunning, match="3 workers"), worker_folder.worker_folder(tmp_path):
            pass


def test_batches_whose_events_are_kept_as_objects(tmp_path: Path) -> None:
    state = RocksState(tmp_path / "s", OWNER)
    for number in range(2 * RECENT_BATCHES_MAX):
        changes, mark = Changes(), replace(MARK, ledger_offset=number)
        changes.known[b"default/run", f"{number:08}-0000-4000-8000-000000000000"] = KnownEvent(1, number, bytes(16))
        changes.heads[b"default/run"] = Head(number + 1, bytes(32))
        state.apply(changes, mark)
        assert len(state._recent) == min(number + 1, RECENT_BATCHES_MAX)
    assert isinstance(state._recent, deque)
    for number in range(2 * RECENT_BATCHES_MAX):
        assert state.known(b"default/run", f"{number:08}-0000-4000-8000-000000000000") is not None
    state.close()


def test_steps_of_a_walk_over_causes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(causes, "DEPTH_MAX", 10)
    graph = CauseGraph([link(0), *(link(number, f"e{number - 1}") for number in range(1, 100))])
    why = graph.why("e50")
    assert why is not None
    assert [step.event_id for step in why.causes] == [f"e{number}" for number in range(49, 39, -1)]
    assert len(why.effects) == 10


def test_findings_of_a_verification() -> None:
    report = Report()
    for number in range(3 * FINDINGS_MAX):
        report.add(Finding(Kind.QUARANTINED, f"finding {number}"))
    assert len(report.findings) == FINDINGS_MAX
    assert report.counts[Kind.QUARANTINED] == 3 * FINDINGS_MAX


def test_runs_that_table_ledger_shows_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification_findings, "RUNS_OTHERWISE_MAX", 3)
    report = Report()
    for number in range(10):
        report.add(Finding(Kind.TABLE_MISSING, "row", "default", f"run-{number}"))
    assert report.runs_otherwise == {("default", f"run-{number}") for number in range(3)}
    assert report.counts[Kind.TABLE_MISSING] == 10


def test_findings_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation_findings, "FINDINGS_MAX", 3)
    tally = Tally()
    for number in range(5):
        tally.add([ValidationFinding(number, "error", "payload", "invalid_envelope", "bad", "mend it", None)] * 2)
    assert ([finding.place for finding in tally.findings], tally.errors, tally.invalid) == ([0, 0, 1], 10, 5)
