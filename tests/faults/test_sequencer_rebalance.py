"""Workers that come and go while events flow: 1, 4 and 1 again, and a rolling restart."""

from threading import Thread
from typing import Any

import pytest

from tests.faults.faulty_sequencer import faulty_sequencer
from tests.faults.lab import Lab, SinkProcess
from tests.faults.oracle import examine
from tests.pipeline.sequencer_installation import Worker, eventually

PARTITIONS = 4
SESSION_S = 6.0


@pytest.fixture
def lab_options() -> dict[str, Any]:
    """Each worker gets a partition."""
    return {"partitions": PARTITIONS}


def pair(lab: Lab, number: int) -> tuple[Worker, SinkProcess]:
    """A sequencer and a sink, not started."""
    sequencer = lab.sequencer(f"sequencer-{number}", instance_id=f"s-{number}", session_timeout_s=SESSION_S)
    return sequencer, lab.sink(f"sink-{number}")


def is_open(worker: Worker, times: int) -> None:
    """Wait until the worker has opened so many lanes since it was started first."""
    eventually(lambda: worker.said().count("open:") >= times or None)


def flowing(lab: Lab, count: int) -> Thread:
    """Send in a thread of its own, in portions with pauses of a moment."""
    workload = lab.workload(runs=500, sources=3)

    def send() -> None:
        for _ in range(count // 1_000):
            lab.send(workload.inputs(1_000))

    thread = Thread(target=send, name="flowing")
    thread.start()
    return thread


@pytest.mark.slow_fault
def test_rebalance_1_4_1_while_50000_events_flow(lab: Lab) -> None:
    pairs = [pair(lab, number) for number in range(PARTITIONS)]
    for each in pairs[0]:
        each.start()
    is_open(pairs[0][0], PARTITIONS)
    sending = flowing(lab, 50_000)
    for sequencer, sink in pairs[1:]:
        sequencer.start()
        sink.start()
    for sequencer, _ in pairs[1:]:
        is_open(sequencer, 1)
    for sequencer, sink in pairs[1:]:
        assert sequencer.stop() == 0, sequencer.said()
        assert sink.stop() == 0, sink.said()
    sending.join()
    lab.settle()
    for each in pairs[0]:
        assert each.stop() == 0, each.said()
    examine(lab)


@pytest.mark.slow_fault
def test_rolling_restart(lab: Lab) -> None:
    """SIGTERM one after the other, each started again before the next ends; a new version is rolled out like this."""
    pairs = [pair(lab, number) for number in range(2)]
    for sequencer, sink in pairs:
        sequencer.start()
        sink.start()
    for sequencer, _ in pairs:
        is_open(sequencer, 1)
    sending = flowing(lab, 6_000)
    for sequencer, sink in pairs:
        before = sequencer.said().count("open:")
        assert sequencer.stop() == 0, sequencer.said()
        sequencer.start()
        assert sink.stop() == 0, sink.said()
        sink.start()
        is_open(sequencer, before + 1)
    sending.join()
    lab.settle()
    for sequencer, sink in pairs:
        assert sequencer.stop() == 0, sequencer.said()
        assert sink.stop() == 0, sink.said()
    examine(lab)


@pytest.mark.slow_fault
def test_a_fetch_that_outlives_its_assignment(lab: Lab) -> None:
    """It waits while partitions are assigned anew and then asks for those that nothing was ever committed for."""
    workload = lab.workload(runs=1)
    told = {"session_timeout_s": SESSION_S, "instance_id": None}
    workers = [faulty_sequencer(lab, f"eager-{number}", {"eager_fetch": True}, **told) for number in range(2)]
    for worker in workers:
        worker.start()
        lab.send(workload.inputs(300))
        is_open(worker, 1)
    lab.send(lab.workload().inputs(1_000))
    eventually(lambda: lab.sequenced() or None)
    for worker in workers:
        assert worker.stop() == 0, worker.said()
    with lab.running():
        lab.send(workload.inputs(100))
        lab.settle()
    examine(lab)
