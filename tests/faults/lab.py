"""One installation under fault: topics and tables of its own, real sequencer and sink processes, what was acknowledged.

A fault starts processes, sends, makes something break, and ends with `lab.settle()` and the oracle.
"""

import random
import signal
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from chatsnapshot_projections.clickhouse_client import connect
from chatsnapshot_projections.migrate import migrate
from chatsnapshot_schemas.connections import ClickHouseConnection, KafkaConnection, TopicNames
from chatsnapshot_schemas.partitioning import PARTITIONER
from chatsnapshot_schemas.state_entries import HELD
from tests.faults.stillness import Stillness
from tests.faults.workload import Workload
from tests.pipeline.sequencer_installation import Installation, Worker, eventually
from tests.pipeline.worker_process import WITHIN_S, WorkerProcess

ANSWER_WITHIN_S = 30.0


@dataclass(frozen=True)
class Acknowledged:
    """An input that the broker acknowledged with acks=all: it must end in one of the places of the promise."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


class SinkProcess(WorkerProcess):
    """One sink worker. Options as in `tests.pipeline.sink_process`."""

    module = "tests.pipeline.sink_process"


@dataclass(frozen=True)
class Examined:
    """What the oracle counted when it found nothing wrong."""

    inputs: int
    """Committed records of the events topic, ticks left out."""
    recorded: int
    quarantined: int
    duplicates: int
    lost: int
    doubled: int


@dataclass
class Lab:
    """Names of one installation on a broker and an engine, and everything that was started for it."""

    bootstrap: str
    url: str
    folder: Path
    choices: random.Random
    partitions: int = 3
    acknowledged: list[Acknowledged] = field(default_factory=list)
    examined: "Examined | None" = None
    """What the oracle saw last."""
    _started: list[Worker | SinkProcess] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.installation = Installation(self.bootstrap, self.folder, self.partitions)
        self.stillness = self.new_stillness()

    @classmethod
    @contextmanager
    def created(
        cls,
        bootstrap: str,
        url: str,
        folder: Path,
        choices: random.Random,
        partitions: int = 3,
        *,
        fsync: bool = False,
    ) -> Iterator["Lab"]:
        """Topics and tables (`fsync`: written through to the disk), and the end of everything that was started."""
        lab = cls(bootstrap, url, folder, choices, partitions)
        lab.installation.migrate()
        migrate(lab.client, lab.database, fsync=fsync)
        with ExitStack() as stack:
            stack.callback(lab.client.command, f"DROP DATABASE IF EXISTS {lab.database}")
            stack.callback(lab.end_all)
            stack.callback(lab.stillness.stop)
            yield lab

    @property
    def topics(self) -> TopicNames:
        return self.installation.topics

    @property
    def database(self) -> str:
        """The tables' database has the topics' prefix as its name."""
        return self.topics.prefix

    @property
    def kafka(self) -> KafkaConnection:
        return KafkaConnection(bootstrap_servers=self.bootstrap)

    @property
    def client(self) -> Client:
        """A connection to the tables, straight to the engine."""
        return connect(ClickHouseConnection(url=self.url, database=self.database))

    def new_stillness(self) -> Stillness:
        """Not started."""
        return Stillness(self.bootstrap, self.topics.ledger, self.partitions, self.url, self.database)

    def workload(self, **fields: Any) -> Workload:
        """Seeded input of this lab."""
        return Workload(self.choices, **fields)

    def sequencer(self, name: str = "sequencer", **changes: Any) -> Worker:
        """A sequencer worker, not started; `changes` as in `Installation.worker`."""
        worker = self.installation.worker(name, **changes)
        self._started.append(worker)
        return worker

    def sink(self, name: str = "sink", *, url: str = "", **options: Any) -> SinkProcess:
        """A sink worker, not started. `url`: of a proxy; options: `config`, `kill` of `tests.pipeline.sink_process`."""
        told = {"bootstrap": self.bootstrap, "url": url or self.url, "prefix": self.topics.prefix, **options}
        sink = SinkProcess(told, self.folder / f"{name}.log")
        self._started.append(sink)
        return sink

    def end_all(self) -> None:
        """Kill whatever was started and still runs, stopped ones too."""
        for each in self._started:
            if each.process is not None and each.process.poll() is None:
                each.signal(signal.SIGCONT)
                each.kill()

    def send(self, inputs: Iterable[tuple[bytes | None, bytes | None]], **optional: Any) -> None:
        """Keys and values, partitioned by key; every one is acknowledged and noted. `optional`: of `produce`."""
        self.stillness.start()
        producer = Producer({"bootstrap.servers": self.bootstrap, "partitioner": PARTITIONER, "linger.ms": 5})
        for key, value in inputs:
            while True:
                try:
                    producer.produce(self.topics.events, value, key, on_delivery=self._note, **optional)
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
        assert producer.flush(WITHIN_S) == 0

    def _note(self, error: KafkaError | None, message: Message) -> None:
        assert error is None, error
        key, value = message.key(), message.value()
        partition, offset = message.partition(), message.offset()
        assert partition is not None
        assert offset is not None
        assert not isinstance(key, str)
        assert not isinstance(value, str)
        self.acknowledged.append(Acknowledged(partition, offset, key, value))

    def settle(self, within_s: float = WITHIN_S) -> None:
        """Wait until all input is sequenced (`within_s`), nothing is held, and every table is where the topics are."""
        eventually(lambda: self.sequenced() or None, within_s)
        eventually(lambda: not self.held() or None)
        eventually(lambda: self.sequenced() or None)
        eventually(lambda: self.sunk() or None)

    @contextmanager
    def running(self, **changes: Any) -> Iterator[None]:
        """An ordinary sequencer (`changes` as there) and sink meanwhile, ended in order."""
        sequencer, sink = self.sequencer("healthy", **changes).start(), self.sink("healthy-sink").start()
        yield
        assert sequencer.stop() == 0, sequencer.said()
        assert sink.stop() == 0, sink.said()

    def held(self) -> int:
        """Events that wait."""
        return sum(key.startswith(HELD.encode()) for _, key in self.installation.state())

    def sequenced(self) -> bool:
        """Whether the group of the sequencers committed the end of the input."""
        return self._is_at_end(self.topics.sequencer_group, self.topics.events)

    def sunk(self) -> bool:
        """Whether the sinks committed the ends of what they read, with nothing announced."""
        upserts = f"{self.topics.sink_group}-upserts"
        return self.ledger_sunk() and all(
            self._is_at_end(upserts, topic) for topic in (self.topics.state, self.topics.quarantine)
        )

    def ledger_sunk(self) -> bool:
        """The same of the ledger's topic alone."""
        return self._is_at_end(self.topics.sink_group, self.topics.ledger, with_metadata=False)

    def _is_at_end(self, group: str, topic: str, *, with_metadata: bool = True) -> bool:
        consumer = Consumer(
            {"bootstrap.servers": self.bootstrap, "group.id": group, "isolation.level": "read_committed"}
        )
        try:
            places = [TopicPartition(topic, partition) for partition in range(self.partitions)]
            for committed in consumer.committed(places, ANSWER_WITHIN_S):
                place = TopicPartition(topic, committed.partition)
                end = consumer.get_watermark_offsets(place, ANSWER_WITHIN_S)[1]
                if max(committed.offset, 0) < end or (committed.metadata and not with_metadata):
                    return False
        except KafkaException:  # a coordinator that moves or loads, a broker that is away
            return False
        else:
            return True
        finally:
            consumer.close()
