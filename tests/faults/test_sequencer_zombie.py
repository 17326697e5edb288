"""A sequencer that hangs for three sessions and wakes up: it is refused, its lanes end, then it is a member again."""

import signal
import time

import pytest

from tests.faults.faulty_sequencer import shuffled
from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.pipeline.sequencer_installation import eventually

SESSION_S = 2.0
SMALL_BATCHES = {"batch_records_max": 150, "transaction_interval_s": 0.0}
HELD = 30
"""Events that wait over the whole fault for the one that is sent last."""


@pytest.mark.slow_fault
def test_a_zombie_sequencer(lab: Lab) -> None:
    """With events that wait and a cache that falls behind while it sleeps."""
    workload = lab.workload()
    late = workload.inputs(HELD + 1)
    told = {"session_timeout_s": SESSION_S, "limits": SMALL_BATCHES, "instance_id": None}
    sink = lab.sink("beside").start()
    zombie = lab.sequencer("zombie", **told).start()
    lab.send(shuffled(lab.choices, workload.inputs(1_500)))
    lab.send(late[1:])
    eventually(lambda: lab.held() or None)
    lab.send(shuffled(lab.choices, workload.inputs(3_000)))
    zombie.signal(signal.SIGSTOP)
    stopped_at = time.monotonic()
    heir = lab.sequencer("heir", **told).start()
    lab.send(shuffled(lab.choices, workload.inputs(1_500)))
    eventually(lambda: lab.sequenced() or None)
    time.sleep(max(0.0, 3 * SESSION_S - (time.monotonic() - stopped_at)))
    zombie.signal(signal.SIGCONT)
    lab.send(shuffled(lab.choices, workload.inputs(1_500)))
    lab.send(late[:1])
    lab.settle()
    # it came back as an ordinary member: its lanes of before have ended, others were opened
    eventually(lambda: zombie.said().count("open:") > lab.partitions or None)
    for each in (zombie, heir, sink):
        assert each.stop() == 0, each.said()
    examine(lab)
