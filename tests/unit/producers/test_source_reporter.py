"""What a Recorder reports of itself: when, what, and that a report which is not taken harms nothing."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from chatsnapshot_producers import source_reporter
from chatsnapshot_producers.numbering import Numbering
from chatsnapshot_producers.outbox import Outbox
from chatsnapshot_producers.recorder import Recorder
from chatsnapshot_producers.spool_limits import SpoolLimits
from chatsnapshot_schemas.errors import BrokerUnavailable, Undelivered
from chatsnapshot_schemas.source_reports import InstanceReport, LostNumbers, RunReport, SourceReport
from tests.unit.producers.line_transport import arrived, destination, stop_taking, take_again, wait_until


@dataclass
class KeptReports:
    """Where reports go: kept by key, as a compacted topic does."""

    latest: dict[bytes, SourceReport] = field(default_factory=dict)
    sent: int = 0
    connected: int = 0
    refuses: bool = False

    def connect(self) -> "KeptReports":
        self.connected += 1
        return self

    def send(self, reports: Sequence[SourceReport]) -> None:
        if self.refuses:
            raise BrokerUnavailable("no topic")
        self.sent += len(reports)
        self.latest |= {report.key: report for report in reports}

    def settled(self, within_s: float) -> bool:
        return True

    def close(self) -> None:
        pass

    def abandon(self) -> None:
        pass

    def runs(self) -> dict[str, RunReport]:
        return {each.correlation_id: each for each in self.latest.values() if isinstance(each, RunReport)}

    def instances(self) -> list[InstanceReport]:
        return [each for each in self.latest.values() if isinstance(each, InstanceReport)]


@pytest.fixture
def kept() -> KeptReports:
    return KeptReports()


def recorder(folder: Path, kept: KeptReports, *, every_s: float = 60.0, **limits: object) -> Recorder:
    return Recorder(
        replace(destination(folder), reports=kept.connect),
        SpoolLimits(root=folder / "spool", **limits),  # type: ignore[arg-type]
        service="tests",
        report_every_s=every_s,
    )


def figures(report: RunReport) -> tuple[int, int, int]:
    return report.numbered, report.settled, report.acknowledged


def test_the_end_is_reported(tmp_path: Path, kept: KeptReports) -> None:
    with recorder(tmp_path, kept) as recording:
        for number in range(7):
            recording.record("execution.message", f"run-{number % 2}", {"n": number})
        assert kept.sent == 0, "no report before there is an occasion"
    assert {run: figures(each) for run, each in kept.runs().items()} == {"run-0": (4, 4, 4), "run-1": (3, 3, 3)}
    (instance,) = kept.instances()
    assert (instance.service, instance.pid, instance.closed) == ("tests", os.getpid(), True)
    assert f"-{os.getpid()}-" in instance.spool
    assert {report.instance for report in kept.runs().values()} == {instance.instance}


def test_a_flush_is_reported_soon_and_only_what_changed(tmp_path: Path, kept: KeptReports) -> None:
    recording = recorder(tmp_path, kept)
    recording.record("execution.message", "a", {})
    recording.flush()
    wait_until(lambda: kept.sent == 2)  # who, and one run
    recording.record("execution.message", "b", {})
    recording.flush()
    wait_until(lambda: kept.sent == 3)
    assert not kept.instances()[0].closed
    recording.close()
    assert kept.sent == 4
    assert kept.instances()[0].closed


def test_what_is_new_is_reported_now_and_then(tmp_path: Path, kept: KeptReports) -> None:
    recording = recorder(tmp_path, kept, every_s=0.05)
    recording.record("execution.message", "a", {})
    wait_until(lambda: "a" in kept.runs() and figures(kept.runs()["a"]) == (1, 1, 1))
    recording.close()


def test_what_waits_in_the_spool_is_numbered_and_not_settled(tmp_path: Path, kept: KeptReports) -> None:
    recording = recorder(tmp_path, kept)
    for number in range(3):
        recording.record("execution.message", "a", {"n": number})
    recording.flush()
    stop_taking(tmp_path)
    for number in range(3, 8):
        recording.record("execution.message", "a", {"n": number})
    with pytest.raises(Undelivered):
        recording.flush(0.3)
    reports = recording._outbox._reporter.tally.reports()
    (run,) = [each for each in reports if isinstance(each, RunReport)]
    assert figures(run) == (8, 3, 3)
    take_again(tmp_path)
    recording.close()
    assert figures(kept.runs()["a"]) == (8, 8, 8)


def test_dropped_numbers_are_reported(tmp_path: Path, kept: KeptReports) -> None:
    limits = {"bytes_max": 1024 * 1024, "block_s": 0.0}
    recording = recorder(tmp_path, kept, **limits)
    recording.record("execution.message", "a", {})
    recording.flush()
    stop_taking(tmp_path)
    while not recording.status().dropped:
        recording.record("execution.message", "a", {"x": "x" * 100_000})
    recording.record("execution.message", "a", {})
    take_again(tmp_path)
    recording.flush()
    recording.record("execution.message", "a", {"last": True})
    recording.close()
    report = kept.runs()["a"]
    came = {each["seq"] for each in arrived(tmp_path)}
    missing = sorted(set(range(report.numbered)) - came)
    assert report.dropped == LostNumbers(2, ((missing[0], missing[1]),))
    assert report.acknowledged == len(came)


def test_refused_numbers_are_reported(tmp_path: Path, kept: KeptReports) -> None:
    with recorder(tmp_path, kept) as recording:
        stop_taking(tmp_path)
        events = [recording.record("execution.message", "a", {"n": number}) for number in range(5)]
        (tmp_path / "refused").write_text(events[2].event_id)
        take_again(tmp_path)
    assert kept.runs()["a"].refused == LostNumbers(1, ((2, 2),))
    assert figures(kept.runs()["a"]) == (5, 5, 4)


def test_who_adopts_a_spool_reports_for_the_one_that_died(tmp_path: Path, kept: KeptReports) -> None:
    stop_taking(tmp_path)
    dead = recorder(tmp_path, kept)
    instance = dead.record("execution.message", "a", {"n": 0}).source.instance
    for number in range(1, 4):
        event = dead.record("execution.message", "a", {"n": number})
    (tmp_path / "refused").write_text(event.event_id)
    dead.close(0)
    assert kept.sent == 0, "what takes no events is not asked to take reports"
    take_again(tmp_path)
    target = replace(destination(tmp_path), reports=kept.connect)
    heir = Outbox(target, SpoolLimits(root=tmp_path / "spool"), flush_at_exit_s=0.0)
    heir.adopt()
    heir.flush(10)
    heir.close(0)
    report = kept.runs()["a"]
    assert (report.instance, figures(report)) == (instance, (4, 4, 3))
    assert report.refused == LostNumbers(1, ((3, 3),))
    assert report.sender not in ("", instance)


def test_a_report_that_is_not_taken_is_told_once_and_made_again(
    tmp_path: Path, kept: KeptReports, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_reporter, "ASKED_EVERY_S", 0.05)
    kept.refuses = True
    recording = recorder(tmp_path, kept, every_s=0.05)
    with caplog.at_level(logging.WARNING):
        for number in range(5):
            recording.record("execution.message", "a", {"n": number})
            recording.flush()
        wait_until(lambda: kept.connected >= 3)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "does not take reports of what was sent (no topic)" in caplog.text
    assert len(arrived(tmp_path)) == 5
    kept.refuses = False
    wait_until(lambda: "a" in kept.runs() and figures(kept.runs()["a"]) == (5, 5, 5))
    recording.close()


def test_a_destination_that_takes_no_reports_is_asked_for_none(tmp_path: Path) -> None:
    recording = Recorder(destination(tmp_path), SpoolLimits(root=tmp_path / "spool"), service="tests")
    recording.record("execution.message", "a", {})
    recording.close()
    assert len(arrived(tmp_path)) == 1


def test_evicted_counters_are_reported_and_their_instance_ends(tmp_path: Path, kept: KeptReports) -> None:
    recording = recorder(tmp_path, kept)
    recording._outbox.numbering.__init__(correlations_max=4, evicted_at_once=2)  # type: ignore[misc]
    for number in range(12):
        recording.record("execution.message", f"run-{number}", {})
    recording.flush()
    recording.close()
    assert sorted(kept.runs()) == sorted(f"run-{number}" for number in range(12))
    assert all(figures(report) == (1, 1, 1) for report in kept.runs().values())
    assert all(instance.closed for instance in kept.instances())
    assert {each.instance for each in kept.instances()} == {each.instance for each in kept.runs().values()}


def test_a_forked_child_reports_for_itself_only(tmp_path: Path, kept: KeptReports) -> None:
    recording = recorder(tmp_path, kept)
    recording.record("execution.message", "a", {})
    recording.flush()
    child = os.fork()
    if child == 0:
        kept.latest.clear()
        recording.record("execution.message", "b", {})
        recording.close()
        good = list(kept.runs()) == ["b"] and kept.instances()[0].pid == os.getpid()
        os._exit(0 if good else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    recording.close()
    assert list(kept.runs()) == ["a"]


def test_what_was_evicted_and_is_not_asked_for_is_bounded() -> None:
    numbering = Numbering(correlations_max=1, evicted_at_once=1)
    for number in range(20_010):
        numbering.counter(b"%d" % number).next += 1
    assert numbering.evicted_count == 20_000
    living, evicted = numbering.counters()
    assert (len(living), len(evicted), numbering.evicted_count) == (1, 20_000, 0)
