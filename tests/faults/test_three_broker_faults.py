"""Three brokers, every record in three copies, two of them before it counts: one may die, with two nothing counts."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatsnapshot_producers.spool_inventory import spool_reports
from tests.faults.fault_table import fault_row
from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.faults.recorder_process import RecorderProcess, Recorders, assert_recorded
from tests.faults.supervised import HANG_S, supervised_pair
from tests.faults.three_brokers import ThreeBrokers, three_brokers
from tests.pipeline.sequencer_installation import eventually

pytestmark = [pytest.mark.slow_fault, pytest.mark.timeout(600)]

WHILE_AWAY = 200
"""Events that are recorded while brokers are dead."""


@pytest.fixture
def brokers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreeBrokers]:
    monkeypatch.setenv("CHATSNAPSHOT_REPLICATION_FACTOR", "3")
    with three_brokers(tmp_path) as made:
        yield made


@pytest.fixture
def lab(
    request: pytest.FixtureRequest,
    brokers: ThreeBrokers,
    clickhouse_url: str,
    tmp_path: Path,
    fault_random: random.Random,
) -> Iterator[Lab]:
    """On the cluster of this test, migrated with three copies."""
    with Lab.created(brokers.bootstrap, clickhouse_url, tmp_path, fault_random) as made:
        yield made
        request.node.user_properties.append(("fault", fault_row(request.node.name, made)))


def test_three_brokers_lose_a_leader_the_controller_and_two_at_once(lab: Lab, brokers: ThreeBrokers) -> None:
    with Recorders(lab) as recorders, supervised_pair(lab):
        burst = recorders.process("burst", pause_s=0.01).start()
        lab.installation.wait_for_ledger(1)
        _lose(lab, brokers, burst, {brokers.leader(lab.topics.events)})
        _lose(lab, brokers, burst, {brokers.controller()})
        _lose(lab, brokers, burst, set(lab.choices.sample(sorted(brokers.nodes), 2)))
        burst.kill()
        recorders.send_leftovers()
        lab.settle(HANG_S)
        assert_recorded(lab, recorders.told())
    examine(lab)


def _lose(lab: Lab, brokers: ThreeBrokers, burst: RecorderProcess, dead: set[int]) -> None:
    """kill -9 under load; with one of them the others go on, with two nothing is acknowledged; then they come back."""
    brokers.wait_for_copies(lab.topics.all())
    for number in dead:
        brokers.nodes[number].kill()
    told = len(burst.told())
    burst.wait_told(told + WHILE_AWAY)
    if len(dead) == 1:
        eventually(lambda: _pending(burst) < len(burst.told()) - told - WHILE_AWAY / 2 or None)
    else:
        assert _pending(burst) >= WHILE_AWAY
    for number in dead:
        brokers.nodes[number].start(wait=False)
    for number in dead:
        brokers.nodes[number].wait()
    eventually(lambda: _pending(burst) < WHILE_AWAY / 4 or None)
    lab.installation.wait_for_ledger(told + WHILE_AWAY // 2, HANG_S)


def _pending(burst: RecorderProcess) -> int:
    """Events in the spool of the running recorder that are not acknowledged."""
    return sum(report.events for report in spool_reports(burst.spools))
