"""The one broker of an installation dies, or stands still, under load: everything goes on by itself afterwards."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.fault_table import fault_row
from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.faults.own_broker import OwnBroker
from tests.faults.recorder_process import Recorders, assert_recorded
from tests.faults.supervised import HANG_S, supervised_pair

KILLS = 2
STOPPED_S = 30.0


@pytest.fixture
def lab(
    request: pytest.FixtureRequest, broker: OwnBroker, clickhouse_url: str, tmp_path: Path, fault_random: random.Random
) -> Iterator[Lab]:
    """On the broker of this test."""
    with Lab.created(broker.bootstrap, clickhouse_url, tmp_path, fault_random) as made:
        yield made
        request.node.user_properties.append(("fault", fault_row(request.node.name, made)))


def test_the_broker_killed_and_started_again(lab: Lab, broker: OwnBroker) -> None:
    with Recorders(lab) as recorders, supervised_pair(lab):
        burst = recorders.process("burst", pause_s=0.005).start()
        lab.installation.wait_for_ledger(1)  # the sequencer is at work
        for _ in range(KILLS):
            burst.wait_told(len(burst.told()) + lab.choices.randrange(200, 600))
            broker.kill()
            time.sleep(lab.choices.uniform(0.0, 2.0))
            broker.start()
        burst.wait_told(len(burst.told()) + 200)
        burst.kill()
        recorders.send_leftovers()
        lab.settle(HANG_S)
        assert_recorded(lab, recorders.told())
    examine(lab)


@pytest.mark.slow_fault
def test_the_broker_stopped_for_half_a_minute(lab: Lab, broker: OwnBroker) -> None:
    """Connections stay open and nothing answers, for three sessions: everybody goes on."""
    with Recorders(lab) as recorders, supervised_pair(lab):
        burst = recorders.process("burst", pause_s=0.005).start()
        lab.installation.wait_for_ledger(1)
        burst.wait_told(lab.choices.randrange(200, 600))
        broker.stop_signal()
        time.sleep(STOPPED_S)
        told = len(burst.told())
        broker.cont()
        burst.wait_told(told + 200)
        burst.kill()
        recorders.send_leftovers()
        lab.settle(HANG_S)
        assert_recorded(lab, recorders.told())
    examine(lab)
