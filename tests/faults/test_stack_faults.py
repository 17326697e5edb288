"""The whole embedded stack: all of it killed at once, and processes that hang instead of dying."""

import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.fault_table import fault_row
from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.faults.own_stack import OwnStack, own_stack
from tests.faults.recorder_process import Recorders, assert_recorded
from tests.pipeline.sequencer_installation import eventually

pytestmark = pytest.mark.slow_fault

HANGING = ("sequencer", "sink", "http")


@pytest.fixture
def stack(kafka_jars: Path, tmp_path: Path, fault_random: random.Random) -> Iterator[OwnStack]:
    assert kafka_jars
    with own_stack(tmp_path, fault_random) as made:
        yield made


def test_every_process_of_the_stack_killed_at_once(stack: OwnStack, request: pytest.FixtureRequest) -> None:
    """With Kafka and ClickHouse; a recorder goes on meanwhile. Then `up`, and everything is there."""
    stack.up()
    lab = stack.lab()
    with Recorders(lab, environment={"DATA_DIR": str(stack.data_dir), "URL": ""}) as recorders:
        burst = recorders.process("burst", pause_s=0.01).start()
        lab.installation.wait_for_ledger(stack.choices.randrange(100, 500))
        stack.kill_all()
        burst.wait_told(len(burst.told()) + 200)
        stack.up()
        burst.wait_told(len(burst.told()) + 200)
        burst.kill()
        recorders.send_leftovers()
        lab.settle()
        assert_recorded(lab, recorders.told())
    _examine(lab, request)


def test_processes_that_hang_are_started_anew(stack: OwnStack, request: pytest.FixtureRequest) -> None:
    """SIGSTOP of a sequencer, a sink and an HTTP server: they run and do not answer, so they are replaced."""
    stack.up_impatient()
    lab = stack.lab()
    with Recorders(lab) as recorders:
        burst = recorders.process("burst", pause_s=0.01).start()
        lab.installation.wait_for_ledger(100)
        before = stack.processes()
        for role in HANGING:
            os.kill(before[role], signal.SIGSTOP)

        def replaced() -> bool | None:
            now = stack.processes()
            return all(now.get(role, before[role]) != before[role] for role in HANGING) or None

        eventually(replaced)
        burst.wait_told(len(burst.told()) + 100)
        burst.kill()
        recorders.send_leftovers()
        lab.settle()
        assert_recorded(lab, recorders.told())
    after = stack.processes()
    assert all(after[role] == before[role] for role in before if role not in HANGING)
    _examine(lab, request)


def _examine(lab: Lab, request: pytest.FixtureRequest) -> None:
    lab.stillness.stop()
    examine(lab)
    request.node.user_properties.append(("fault", fault_row(request.node.name, lab)))
