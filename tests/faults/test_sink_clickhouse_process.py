"""ClickHouse ends, in order or killed in the middle of an insert, and comes back with its data on its port."""

import random
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Lock, Thread

import pytest

from tests.faults.clickhouse_proxy import ClickHouseProxy
from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.faults.own_clickhouse import OwnClickHouse, own_clickhouse
from tests.faults.sink_marks import announced
from tests.pipeline.sequencer_installation import eventually

pytestmark = pytest.mark.slow_fault

SINK = {"batch_records": 300, "insert_timeout_s": 10.0}
AWAY_S = 5.0


@pytest.fixture
def clickhouse(tmp_path: Path) -> Iterator[OwnClickHouse]:
    with own_clickhouse(tmp_path) as running:
        yield running


@pytest.fixture
def lab_options() -> dict[str, bool]:
    return {"fsync": True}


@pytest.fixture
def clickhouse_url(clickhouse: OwnClickHouse) -> str:
    return clickhouse.url


def test_clickhouse_is_stopped_and_started_again(lab: Lab, clickhouse: OwnClickHouse) -> None:
    workload = lab.workload()
    with lab.running():
        lab.send(workload.inputs(800))
        clickhouse.stop()
        lab.send(workload.inputs(800))
        eventually(lambda: announced(lab) or None)
        time.sleep(AWAY_S)
        clickhouse.start()
        lab.settle()
    examine(lab, without_final=True)


def test_clickhouse_is_killed_in_the_middle_of_inserts(lab: Lab, clickhouse: OwnClickHouse) -> None:
    """Three times; its tables write through to the disk, as the embedded stack's do."""
    workload = lab.workload()
    with ClickHouseProxy(lab.url) as proxy, lab.sequencer().running() as sequencer:
        sink = lab.sink(url=proxy.url, config=SINK).start()
        for _ in range(3):
            killing = proxy.on_insert = KillSoon(clickhouse, lab.choices)
            lab.send(workload.inputs(600))
            killing.wait()
            proxy.on_insert = None
            clickhouse.start()
        lab.settle()
        assert sink.stop() == 0, sink.said()
        assert sequencer.stop() == 0, sequencer.said()
    examine(lab, without_final=True)


class KillSoon:
    """Kills the process a moment after the next insert was sent on."""

    def __init__(self, clickhouse: OwnClickHouse, choices: random.Random) -> None:
        self._is_first = Lock()
        self._clickhouse = clickhouse
        self._thread = Thread(target=self._kill, args=(choices.uniform(0.0, 0.15),), daemon=True)

    def __call__(self, _before: int) -> None:
        if self._is_first.acquire(blocking=False):
            self._thread.start()

    def wait(self) -> None:
        """Until it was killed."""
        eventually(lambda: self._thread.ident)
        self._thread.join()

    def _kill(self, after_s: float) -> None:
        time.sleep(after_s)
        self._clickhouse.kill()
