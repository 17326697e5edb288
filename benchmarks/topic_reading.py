"""Topics seen from outside: how many records a read_committed reader can see by now, and what they are."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from confluent_kafka import Consumer, TopicPartition

from benchmarks.failing import BenchmarkFailed
from chatsnapshot_schemas.partitioning import PARTITIONER

PARTITIONS = 8
"""What `migrate` makes when nothing else is said."""
FETCH_WAIT_MS = 50
"""A fetch waits this long for FETCH_BYTES_MIN: the watching itself must not cost the watched ones much."""
FETCH_BYTES_MIN = 256 * 1024
MESSAGES_AT_ONCE = 50_000
ANSWER_WITHIN_S = 10.0

PRODUCER_CONFIG: dict[str, str | int | bool] = {
    "enable.idempotence": True,
    "acks": "all",
    "partitioner": PARTITIONER,
    "linger.ms": 20,
    "batch.size": 1_000_000,
    "queue.buffering.max.messages": 1_000_000,
    "queue.buffering.max.kbytes": 2_000_000,
}


@dataclass
class Watch:
    """Counts what becomes visible in a topic, from its beginning."""

    bootstrap: str
    topic: str
    seen: list[tuple[float, int]] = field(default_factory=list)
    """(monotonic time, records so far), one entry whenever there were more."""

    def __enter__(self) -> "Watch":
        self._consumer = reader(self.bootstrap, self.topic)
        self._count = 0
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def until(self, count: int, within_s: float, check: Callable[[], None]) -> None:
        """Read until `count` are visible. Raises BenchmarkFailed, and what `check` (called twice a second) raises."""
        deadline = time.monotonic() + within_s
        check_at = 0.0
        while self._count < count:
            messages = self._consumer.consume(MESSAGES_AT_ONCE, 0.05)
            now = time.monotonic()
            if messages:
                self._count += sum(message.error() is None for message in messages)
                self.seen.append((now, self._count))
            if now > check_at:
                check_at = now + 0.5
                check()
            if now > deadline:
                raise BenchmarkFailed(f"{self.topic}: {self._count} of {count} records within {within_s:g} s")


def reader(bootstrap: str, topic: str, *, to_end: bool = False) -> Consumer:
    """Reads every partition from its beginning; belongs to no group. `to_end`: says when it has come to the end."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "bench-reader",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": to_end,
            "fetch.min.bytes": FETCH_BYTES_MIN,
            "fetch.wait.max.ms": FETCH_WAIT_MS,
            "metadata.recovery.strategy": "none",
        }
    )
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
    return consumer


def values(bootstrap: str, topic: str, within_s: float = 120.0) -> Iterator[bytes]:
    """Every visible record's value; order holds within a partition. Raises BenchmarkFailed when it takes too long."""
    consumer = reader(bootstrap, topic, to_end=True)
    deadline = time.monotonic() + within_s
    ended: set[int | None] = set()
    try:
        while len(ended) < PARTITIONS:
            if time.monotonic() > deadline:
                raise BenchmarkFailed(f"{topic} could not be read within {within_s:g} s")
            for message in consumer.consume(MESSAGES_AT_ONCE, 0.1):
                value = message.value()
                if message.error() is not None:
                    ended.add(message.partition())
                elif isinstance(value, bytes):
                    yield value
    finally:
        consumer.close()


class EndOffsets:
    """How many messages a topic without transactions has had so far."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench-offsets"})
        self._topic = topic

    def count(self) -> int:
        """One question a partition: some milliseconds."""
        places = (TopicPartition(self._topic, partition) for partition in range(PARTITIONS))
        return sum(self._consumer.get_watermark_offsets(place, ANSWER_WITHIN_S)[1] for place in places)

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()
