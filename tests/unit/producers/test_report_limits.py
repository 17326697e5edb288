"""What a process remembers of its reports is bounded: beyond it less is said, and nothing wrong."""

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chatsnapshot_producers import kafka_reports, lost_by_run, source_reporter, source_tally
from chatsnapshot_producers.kafka_reports import KafkaReports
from chatsnapshot_producers.lost_by_run import LostByRun
from chatsnapshot_producers.numbering import Numbering
from chatsnapshot_producers.source_reporter import SourceReporter
from chatsnapshot_producers.source_tally import SourceTally
from chatsnapshot_producers.spooled_event import SpooledEvent
from chatsnapshot_schemas.avro_schema import envelope_schema
from chatsnapshot_schemas.codec import encode_envelope
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.envelope import Source
from chatsnapshot_schemas.errors import BrokerUnavailable
from chatsnapshot_schemas.source_reports import RunReport
from tests.unit.producers.line_transport import stop_taking, take_again
from tests.unit.producers.test_source_reporter import KeptReports, recorder
from tests.unit.schemas.strategies import some_envelope

BOUND, MANY = 3, 8


@pytest.fixture
def numbering() -> Numbering:
    return Numbering()


@pytest.fixture
def tally(numbering: Numbering) -> SourceTally:
    return SourceTally(numbering, threading.Lock(), "tests")


def spooled(run: str, instance: str, number: int = 0) -> SpooledEvent:
    source = Source(origin="agent", runtime="ag2", service="s", instance=instance)
    envelope = some_envelope(correlation_id=run, source=source, source_seq=number)
    return SpooledEvent(f"default/{run}".encode(), encode_envelope(envelope), envelope_schema().fingerprint)


def said(tally: SourceTally) -> dict[str, RunReport]:
    return {each.correlation_id: each for each in tally.reports() if isinstance(each, RunReport)}


def test_reports_that_are_sent_again(numbering: Numbering, tally: SourceTally, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_reporter, "AGAIN_MAX", BOUND)
    monkeypatch.setattr(source_reporter, "ASKED_EVERY_S", 0.0)
    kept = KeptReports(refuses=True)
    reporter = SourceReporter(tally, kept.connect, "nowhere", every_s=0.0)
    for number in range(MANY):
        numbering.counter(b"default/run-%d" % number).next += 1
    reporter.finish(may_send=True)
    kept.refuses = False
    reporter.finish(may_send=True)
    assert sorted(kept.runs()) == ["run-5", "run-6", "run-7"]


def test_reports_that_are_sent_again_outlive_a_look_that_fails(
    numbering: Numbering, tally: SourceTally, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_reporter, "ASKED_EVERY_S", 0.0)
    kept = KeptReports(refuses=True)
    reporter = SourceReporter(tally, kept.connect, "nowhere", every_s=0.0)
    numbering.counter(b"default/run").next += 1
    reporter.finish(may_send=True)
    kept.refuses = False
    with monkeypatch.context() as patch:
        patch.setattr(tally, "reports", lambda **_: 1 // 0)
        reporter.finish(may_send=True)
    reporter.finish(may_send=True)
    assert list(kept.runs()) == ["run"]


def test_evicted_counters_whose_events_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_tally, "UNSETTLED_MAX", BOUND)
    kept = KeptReports()
    recording = recorder(tmp_path, kept)
    recording._outbox.numbering.__init__(correlations_max=1, evicted_at_once=1)  # type: ignore[misc]
    stop_taking(tmp_path)
    for number in range(MANY):
        recording.record("execution.message", f"run-{number}", {})
    assert len(said(recording._outbox._reporter.tally)) == MANY
    take_again(tmp_path)
    recording.close()
    assert sorted(kept.runs()) == ["run-4", "run-5", "run-6", "run-7"], "the last one is not evicted"


def test_evicted_counters_outlive_a_spool_that_cannot_be_read(tally: SourceTally) -> None:
    numbering = Numbering(correlations_max=1, evicted_at_once=1)
    tally._numbering = numbering
    for run in ("evicted", "current"):
        numbering.counter(f"default/{run}".encode()).next += 1
    spool: Any = SimpleNamespace(end=0, events_appended=2, pending_events=2, path=Path("spool"))
    spool.pending = lambda: iter([1 // 0])
    tally.spool = spool
    with pytest.raises(ZeroDivisionError):
        tally.reports()
    spool.pending = lambda: iter(())
    assert sorted(said(tally)) == ["current", "evicted"]


def test_runs_of_adopted_spools(tally: SourceTally, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_tally, "ADOPTED_RUNS_MAX", BOUND)
    for number in range(MANY):
        tally.adopted_settled([spooled(f"run-{number}", "dead")])
    assert sorted(said(tally)) == ["run-5", "run-6", "run-7"]


def test_events_of_the_spool_that_a_report_looks_at(
    numbering: Numbering, tally: SourceTally, monkeypatch: pytest.MonkeyPatch
) -> None:
    for run, count in (("waits", MANY), ("is sent", 2)):
        numbering.counter(f"default/{run}".encode()).next = count
    waiting = [spooled("waits", numbering.instance, number) for number in range(MANY)]
    spool: Any = SimpleNamespace(end=0, events_appended=MANY, pending_events=MANY, path=Path("spool"))
    spool.pending = lambda: iter(waiting)
    tally.spool = spool
    monkeypatch.setattr(source_tally, "WAITING_READ_MAX", BOUND)
    assert {run: (each.numbered, each.settled) for run, each in said(tally).items()} == {
        "waits": (MANY, 0),
        "is sent": (2, 0),
    }
    monkeypatch.setattr(source_tally, "WAITING_READ_MAX", MANY + 1)
    assert {run: each.settled for run, each in said(tally).items()} == {"is sent": 2}


def test_runs_that_lost_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lost_by_run, "RUNS_MAX", BOUND)
    lost = LostByRun()
    for number in range(MANY):
        lost.add((b"default/run-%d" % number, "i"), number)
    assert [key for key, _ in lost.snapshot()] == [b"default/run-5", b"default/run-6", b"default/run-7"]


@pytest.fixture
def unreached(monkeypatch: pytest.MonkeyPatch) -> Iterator[KafkaReports]:
    monkeypatch.setattr(kafka_reports, "QUEUED_MAX", BOUND)
    reports = KafkaReports(KafkaConnection(bootstrap_servers="127.0.0.1:1"), "sources", client_id="tests")
    yield reports
    reports.close()


def test_reports_on_their_way(unreached: KafkaReports) -> None:
    reports = [RunReport("default", "i", f"run-{number}", 1, 1, number) for number in range(BOUND + 1)]
    unreached.send(reports[:BOUND])
    with pytest.raises(BrokerUnavailable, match="3 reports are on their way"):
        unreached.send(reports[BOUND:])
