"""kill -9 of the sequencer: at each step of a transaction and of an opening, and at random times under load."""

import shutil
import time

import pytest

from tests.faults.faulty_sequencer import die_at, shuffled
from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.pipeline.sequencer_installation import eventually

SMALL_BATCHES = {"batch_records_max": 600, "transaction_interval_s": 0.0}
"""More than one call into the client each, and several transactions in what is sent at a time."""
EACH = 900
"""Events for every kill: some are done before it, some are left for the next."""


def test_kill_around_the_commit(lab: Lab) -> None:
    """The places where something could come twice or not at all."""
    _kill_at(lab, ("producing", "offsets_sent", "committing", "committed"))


@pytest.mark.slow_fault
def test_kill_at_every_other_step_of_a_transaction(lab: Lab) -> None:
    _kill_at(lab, ("fetched", "taken", "produced", "flushed", "applying", "applied"))


def _kill_at(lab: Lab, steps: tuple[str, ...]) -> None:
    workload = lab.workload()
    sink = lab.sink("beside").start()
    for step in steps:
        lab.send(shuffled(lab.choices, workload.inputs(EACH)))
        often = 1 if step == "fetched" else lab.choices.randrange(1, 4)  # one fetch may bring everything
        die_at(lab, step, often, limits=SMALL_BATCHES)
    assert sink.stop() == 0, sink.said()
    with lab.running():
        lab.settle()
    examine(lab)


@pytest.mark.slow_fault
def test_kill_at_each_step_of_an_opening(lab: Lab) -> None:
    """Each time with a cache that has to be filled from the ledger, and with events that wait."""
    workload = lab.workload()
    lab.send(workload.inputs(2_000))
    with lab.running():
        lab.settle()
    for step in ("initialised", "state_read", "catching_up", "caught_up", "opened"):
        lab.send(shuffled(lab.choices, workload.inputs(200)))
        shutil.rmtree(lab.folder / "data")
        die_at(lab, step, lab.choices.randrange(1, lab.partitions + 1), {"chunk_records": 100})
    with lab.running():
        lab.settle()
    examine(lab)


@pytest.mark.slow_fault
def test_kill_at_random_times_under_load(lab: Lab) -> None:
    workload = lab.workload()
    sink = lab.sink("beside").start()
    for number in range(4):
        worker = lab.sequencer(f"victim-{number}", limits=SMALL_BATCHES).start()
        lab.send(shuffled(lab.choices, workload.inputs(2_000)))
        eventually(lambda said=worker.said: "open:" in said() or None)  # type: ignore[misc]
        time.sleep(lab.choices.uniform(0.0, 0.6))
        worker.kill()
    assert sink.stop() == 0, sink.said()
    with lab.running():
        lab.settle()
    examine(lab)
