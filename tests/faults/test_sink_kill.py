"""A sink that is killed, at each step and at random times: over a real ledger, with every projection."""

import signal
import time

import pytest

from tests.faults.healthy_sink import settle_with_a_healthy_sink
from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.faults.sink_marks import announced
from tests.pipeline.sequencer_installation import eventually

pytestmark = pytest.mark.usefixtures("unmerged")

TOGETHER = {"batch_records": 50_000, "linger_s": 0.5}
"""All partitions wait for company and go in together."""
ALONE = {"batch_records": 60}
"""Every open batch is full before it is joined."""
STEPS = ("closed", "announced", "inserting", "stored", "committed")
"""Before the pending commit, after it, in the middle of the insert, after it (before the final commit), after all."""
PENDING = ("announced", "inserting", "stored")


@pytest.mark.parametrize(
    "config", [pytest.param(TOGETHER, id="together"), pytest.param(ALONE, id="alone", marks=pytest.mark.slow_fault)]
)
def test_sink_killed_at_each_step(lab: Lab, config: dict[str, float]) -> None:
    """The successor finds the range announced, or nothing, and each row is stored once, without FINAL too."""
    workload = lab.workload(runs=30)
    with lab.sequencer().running():
        for step in STEPS:
            lab.send(workload.inputs(400))
            eventually(lambda: lab.sequenced() or None)
            victim = lab.sink(step, kill=[step, 1], config={**config, "instance_id": "one"}).start()
            assert victim.wait() == -signal.SIGKILL, victim.said()
            assert bool(announced(lab)) or step not in PENDING
        settle_with_a_healthy_sink(lab)
    examine(lab, without_final=True)


@pytest.mark.slow_fault
def test_sink_killed_at_random_times(lab: Lab) -> None:
    """Again and again while the sequencer goes on, wherever the sink just is."""
    workload = lab.workload(runs=80)
    with lab.sequencer().running():
        for number in range(8):
            victim = lab.sink(f"victim-{number}", config={"batch_records": 200, "instance_id": "one"}).start()
            for _ in range(3):
                lab.send(workload.inputs(250))
                time.sleep(lab.choices.uniform(0.2, 1.1))
            victim.kill()
        settle_with_a_healthy_sink(lab)
    examine(lab, without_final=True)
