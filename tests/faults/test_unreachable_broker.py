"""A broker that producers cannot reach for a while, in the middle of their work: they go on by themselves."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.fault_table import fault_row
from tests.faults.lab import Lab
from tests.faults.listener_gate import GatedBroker, gated_broker
from tests.faults.oracle import examine
from tests.faults.recorder_process import Recorders, assert_recorded

PRODUCERS = 2
LINES_MAX = 4
"""What a producer says of one interruption: that events wait, and that they are taken again."""


@pytest.fixture
def gated(tmp_path: Path) -> Iterator[GatedBroker]:
    with gated_broker(tmp_path) as made:
        yield made


@pytest.fixture
def lab(
    request: pytest.FixtureRequest,
    gated: GatedBroker,
    clickhouse_url: str,
    tmp_path: Path,
    fault_random: random.Random,
) -> Iterator[Lab]:
    """On the gated broker; sequencer and sink reach it all the time."""
    with Lab.created(gated.broker.bootstrap, clickhouse_url, tmp_path, fault_random) as made:
        yield made
        request.node.user_properties.append(("fault", fault_row(request.node.name, made)))


@pytest.mark.parametrize("away_s", [10.0, pytest.param(60.0, marks=pytest.mark.slow_fault)])
def test_a_broker_unreachable_for_producers(lab: Lab, gated: GatedBroker, away_s: float) -> None:
    """First their connections are silent, then they are cut and new ones refused."""
    with Recorders(lab, f"kafka://{gated.gated}") as recorders, lab.running():
        bursts = [recorders.process("away", pause_s=0.005).start() for _ in range(PRODUCERS)]
        for each in bursts:
            each.wait_told(100)
        gated.gate.silence()
        silent_s = lab.choices.uniform(0.2, 0.8) * away_s
        time.sleep(silent_s)
        gated.gate.cut()
        time.sleep(away_s - silent_s)
        before = [len(each.told()) for each in bursts]
        gated.gate.open()
        for each, told in zip(bursts, before, strict=True):
            assert told > 100, "it records while the broker is away"
            each.wait_told(told + 50)
            each.kill()
            assert len(each.log.read_text().splitlines()) <= LINES_MAX, each.log.read_text()
        recorders.send_leftovers()
        lab.settle()
        assert_recorded(lab, recorders.told())
    examine(lab)
