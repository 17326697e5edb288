"""The sink's bounds, reached: memory, inserts at the same time, records and bytes of a batch."""

import threading
from collections.abc import Iterator

import pytest

from chatsnapshot_projections import sink_worker
from chatsnapshot_projections.metrics import SinkMetrics
from chatsnapshot_projections.sink_batch import Insert
from chatsnapshot_projections.sink_config import SinkConfig
from chatsnapshot_projections.sink_consumer import topic_ids
from chatsnapshot_projections.sink_insert import ClickHouseWriter, Write
from chatsnapshot_projections.sink_intake import ledger_intake
from chatsnapshot_projections.sink_joining import held_bytes
from chatsnapshot_projections.sink_lane import Lane
from chatsnapshot_projections.sink_worker import SinkWorker, WorkerThread
from chatsnapshot_schemas.connections import ClickHouseConnection, KafkaConnection
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.kafka_admin import ListeningAdmin
from tests.pipeline.sink_world import WAIT_S, SinkWorld, until, worlds

PARTITIONS = 4
RECORDS = 1_000
"""In each partition."""
FETCH_RECORDS = 100
RECORD_BYTES_MAX = 1_000
"""Of what `SinkWorld.record` makes."""
HEAD_BYTES_MAX = 8_192
"""Of an insert: the statement and the schema before the records."""


@pytest.fixture
def world(kafka_bootstrap: str, clickhouse_url: str) -> Iterator[SinkWorld]:
    yield from worlds(kafka_bootstrap, clickhouse_url, partitions=PARTITIONS)


class Gate:
    """Inserts wait before ClickHouse until it is opened; it sees how many come at once, and how large they are."""

    def __init__(self, write: Write) -> None:
        self.opened = threading.Event()
        self.rows: list[int] = []
        self.sizes: list[int] = []
        self.together_max = 0
        self._together = 0
        self._lock = threading.Lock()
        self._write = write

    def __call__(self, insert: Insert) -> None:
        self._count(1)
        self.rows.append(insert.rows)
        self.sizes.append(len(insert.body))
        self.opened.wait(WAIT_S)
        self._write(insert)
        self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:
            self._together += change
            self.together_max = max(self.together_max, self._together)


class WatchedWorker(SinkWorker):
    """Notes after each step what is in memory, and what is paused."""

    held_max = 0
    paused_max = 0
    steps = 0

    def _throttle(self, lanes: list[Lane]) -> None:
        super()._throttle(lanes)
        self.steps += 1
        self.held_max = max(self.held_max, held_bytes(lanes))
        self.paused_max = max(self.paused_max, sum(lane.is_paused for lane in lanes if lane.is_opened))


def run_against_closed_gate(world: SinkWorld, **limits: int) -> tuple[Gate, WatchedWorker]:
    """A worker that can store nothing until it has come to a stand, and then stores everything."""
    expected = world.record(RECORDS)
    kafka = KafkaConnection(bootstrap_servers=world.bootstrap)
    config = SinkConfig(
        kafka=kafka,
        clickhouse=ClickHouseConnection(url=world.url, database=world.prefix),
        topics=world.topics,
        inserts_per_s_max=100.0,
        linger_s=0.05,
        **limits,
    )
    gate = Gate(ClickHouseWriter(config.clickhouse, config.insert_timeout_s).write)
    intake = ledger_intake(config, topic_ids(ListeningAdmin(kafka), [world.topics.ledger]), Framing())
    worker = WatchedWorker(config, intake, gate, SinkMetrics(), lambda _step, _source: None)
    stop = threading.Event()
    thread = WorkerThread(worker, stop, "limited")
    thread.start()
    try:
        until(lambda: worker.paused_max == PARTITIONS, "every partition paused")
        steps = worker.steps
        until(lambda: worker.steps > steps + 20, "it goes on polling")
        assert world.rows() == 0
        gate.opened.set()
        until(lambda: world.rows() >= expected, f"{expected} rows")
    finally:
        gate.opened.set()
        stop.set()
        thread.join(WAIT_S)
    assert thread.error is None
    world.assert_exactly(expected)
    return gate, worker


def test_memory_has_a_bound(world: SinkWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is fetched any more once the bound is passed, so it is passed by no more than a fetch."""
    monkeypatch.setattr(sink_worker, "FETCH_RECORDS_MAX", FETCH_RECORDS)
    bound = 200_000
    _gate, worker = run_against_closed_gate(world, buffered_bytes_max=bound)
    assert bound < worker.held_max <= bound + FETCH_RECORDS * RECORD_BYTES_MAX


def test_records_of_a_batch_and_inserts_at_once_have_a_bound(world: SinkWorld) -> None:
    gate, _worker = run_against_closed_gate(world, batch_records=70, inserts_in_flight_max=3)
    assert max(gate.rows) == 70
    assert gate.together_max == 3


def test_bytes_of_a_batch_have_a_bound(world: SinkWorld) -> None:
    gate, _worker = run_against_closed_gate(world, batch_bytes=20_000)
    assert 20_000 <= max(gate.sizes) <= 20_000 + RECORD_BYTES_MAX + HEAD_BYTES_MAX
