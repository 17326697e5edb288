"""kill -9 and SIGSTOP of the sequencer around Merkle roots: one chain, no fork, and every root fits the ledger."""

import json
import signal
import subprocess
import sys
import time

import pytest

from chatsnapshot.evidence.live_check import LiveCheck
from chatsnapshot.verification.findings import Finding, Kind
from chatsnapshot_schemas.roots import MerkleRoot, decode_root
from tests.faults.faulty_sequencer import FaultySequencer
from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.faults.root_process import STEPS
from tests.pipeline.sequencer_installation import FRAMING, eventually, value_of
from tests.pipeline.worker_process import REPOSITORY

EACH = 600
"""Events for every kill."""
OFTEN = {"interval_s": 0.2, "records": 100}
"""Several roots while they are sequenced."""


class RootKilled(FaultySequencer):
    def start(self) -> "RootKilled":
        told = json.dumps({**self.told, "faults": self.faults})
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "tests.faults.root_process", told]
            self.process = subprocess.Popen(command, cwd=REPOSITORY, stdout=log, stderr=log)
        return self


def dies_at(lab: Lab, step: str, count: int) -> None:
    plain = lab.installation.worker(f"dies-{step}", roots=OFTEN)
    worker = RootKilled(plain.told, plain.log, faults={"kill": [step, count]})
    lab._started.append(worker)
    assert worker.start().wait() == -signal.SIGKILL, worker.said()
    assert f"killed at {step}" in worker.said()


def roots_of(lab: Lab) -> list[MerkleRoot]:
    return [decode_root(value_of(message)) for message in lab.installation.records(lab.topics.roots)]


def assert_one_chain_of_right_roots(lab: Lab) -> None:
    """A healthy sequencer brings the roots up to the ledger's end; then every one of them is computed again."""
    with lab.sequencer("roots", roots=OFTEN).running():
        eventually(lambda: records_counted(lab) == len(lab.installation.ledger_bodies()) or None)
    found: list[Finding] = []
    LiveCheck(lab.kafka, lab.topics, FRAMING, {}, found.append).run()
    assert [finding for finding in found if finding.kind is not Kind.ANCHOR_SILENT] == []
    for partition in range(lab.partitions):
        numbers = [root.number for root in roots_of(lab) if root.partition == partition]
        assert numbers == list(range(1, len(numbers) + 1))


def records_counted(lab: Lab) -> int:
    return sum({root.partition: root.records for root in roots_of(lab)}.values())


@pytest.mark.parametrize("steps", [("root_committed",), pytest.param(STEPS, marks=pytest.mark.slow_fault)])
def test_kill_around_a_root(lab: Lab, steps: tuple[str, ...]) -> None:
    workload = lab.workload()
    for step in steps:
        lab.send(workload.inputs(EACH))
        dies_at(lab, step, lab.choices.randrange(1, 4))
    lab.send(workload.inputs(EACH))
    with lab.running():
        lab.settle()
    examine(lab)
    assert_one_chain_of_right_roots(lab)


@pytest.mark.slow_fault
def test_a_zombie_writes_no_root(lab: Lab) -> None:
    """Stopped while roots are due, it goes on when another has its partitions: refused, and no second chain."""
    workload = lab.workload()
    zombie = lab.sequencer("zombie", roots={"interval_s": 0.2, "records": 1}, session_timeout_s=6.0, instance_id=None)
    heir = lab.sequencer("heir", roots={"interval_s": 0.2, "records": 1}, session_timeout_s=6.0, instance_id=None)
    lab.send(workload.inputs(EACH))
    zombie.start()
    eventually(lambda: roots_of(lab) or None)
    lab.send(workload.inputs(EACH))
    zombie.signal(signal.SIGSTOP)
    heir.start()
    lab.send(workload.inputs(EACH))
    eventually(lambda: lab.sequenced() or None)
    eventually(lambda: records_counted(lab) == len(lab.installation.ledger_bodies()) or None)
    zombie.signal(signal.SIGCONT)
    lab.send(workload.inputs(EACH))
    time.sleep(2.0)  # the zombie notices, and would write
    eventually(lambda: lab.sequenced() or None)
    zombie.kill()
    assert heir.stop() == 0, heir.said()
    lab.send(workload.inputs(EACH))
    with lab.running():
        lab.settle()
    examine(lab)
    assert_one_chain_of_right_roots(lab)
