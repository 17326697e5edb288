"""Sinks come and go while a backlog goes in."""

import signal
import time

import pytest

from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.pipeline.sequencer_installation import eventually

pytestmark = [pytest.mark.slow_fault, pytest.mark.usefixtures("unmerged")]

EVENTS = 50_000
SINK = {"batch_records": 500, "inserts_per_s_max": 3.0, "session_timeout_s": 6.0}
"""So slow that the backlog lasts while partitions move."""


@pytest.fixture
def lab_options() -> dict[str, int]:
    return {"partitions": 8}


def stored(lab: Lab) -> int:
    return int(lab.client.query(f"SELECT count() FROM {lab.database}.ledger").result_rows[0][0])


def test_one_four_one_sinks_while_a_backlog_goes_in(lab: Lab) -> None:
    lab.send(lab.workload(runs=400).inputs(EVENTS))
    with lab.sequencer().running():
        sinks = [lab.sink("sink-0", config=SINK).start()]
        eventually(lambda: stored(lab) or None)
        sinks += [lab.sink(f"sink-{number}", config=SINK).start() for number in range(1, 4)]
        before = stored(lab)
        eventually(lambda: stored(lab) > before + 5_000 or None)
        for leaving in sinks[:3]:
            time.sleep(lab.choices.uniform(0.0, 1.5))
            assert leaving.stop() == 0, leaving.said()
        lab.settle()
        assert sinks[3].stop() == 0, sinks[3].said()
    examine(lab, without_final=True)


def test_rolling_restart_of_sinks(lab: Lab) -> None:
    """Each in its turn, in order or killed, while events go on coming; two of the three are static members."""
    workload = lab.workload(runs=100)
    sinks = [
        lab.sink(f"sink-{number}", config={**SINK, "instance_id": f"pod-{number}" if number else None}).start()
        for number in range(3)
    ]
    with lab.sequencer().running():
        for sink in sinks * 2:
            lab.send(workload.inputs(800))
            time.sleep(lab.choices.uniform(0.5, 2.0))
            if lab.choices.random() < 0.5:
                sink.kill()
            else:
                assert sink.stop() in (0, -signal.SIGTERM), sink.said()  # it may not even listen yet
            sink.start()
        lab.settle()
    for sink in sinks:
        assert sink.stop() in (0, -signal.SIGTERM), sink.said()
    examine(lab, without_final=True)
