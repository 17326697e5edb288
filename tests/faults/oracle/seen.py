"""What the topics hold, read raw and committed: the oracle's only source besides the tables."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import methodcaller
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from chatsnapshot_schemas.connections import TopicNames
from tests.faults.lab import Acknowledged, Lab

ANSWER_WITHIN_S = 30.0
SILENCE_S_MAX = 90.0
"""Longer than any transaction may stay open."""
_headers_of = methodcaller("headers")
Headers = tuple[tuple[str, bytes | None], ...]
Logs = dict[int, list["Raw"]]
"""Records by partition, ascending offset."""


@dataclass(frozen=True, slots=True)
class Raw:
    """One committed record. `at_ms`: its timestamp."""

    partition: int
    offset: int
    at_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Committed:
    """What a group committed for a partition."""

    group: str
    topic: str
    partition: int
    offset: int
    metadata: str
    end: int
    """Where the partition ended."""


@dataclass
class Seen:
    """Everything that was read."""

    partitions: int
    topics: TopicNames
    events: Logs
    ledger: Logs
    quarantine: Logs
    state: Logs
    begins: dict[int, int] = field(default_factory=dict)
    """First offset that the events topic still has, where that is not 0."""
    committed: list[Committed] = field(default_factory=list)
    acknowledged: list[Acknowledged] = field(default_factory=list)


def seen_by(lab: Lab) -> Seen:
    """Read every topic of a lab from its first record to its end."""
    names = lab.topics
    metadata = AdminClient({"bootstrap.servers": lab.bootstrap}).list_topics(timeout=ANSWER_WITHIN_S)
    counts = {topic: len(metadata.topics[topic].partitions) for topic in names.sequenced()}
    partitions = counts[names.events]
    consumer = Consumer(
        {
            "bootstrap.servers": lab.bootstrap,
            "group.id": "oracle",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "receive.message.max.bytes": 2**31 - 1,  # of a batch, unpacked
        }
    )
    try:
        logs = {topic: _read(consumer, topic, count) for topic, count in counts.items()}
        lows = {
            partition: consumer.get_watermark_offsets(TopicPartition(names.events, partition), ANSWER_WITHIN_S)[0]
            for partition in range(partitions)
        }
    finally:
        consumer.close()
    return Seen(
        partitions,
        names,
        logs[names.events],
        logs[names.ledger],
        logs[names.quarantine],
        logs[names.state],
        {partition: low for partition, low in lows.items() if low > 0},
        _all_committed(lab.bootstrap, names, counts),
        list(lab.acknowledged),
    )


def _read(consumer: Consumer, topic: str, partitions: int) -> Logs:
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(partitions)])
    found: Logs = {partition: [] for partition in range(partitions)}
    ended: set[int] = set()
    silent_s = 0.0
    while len(ended) < partitions:
        messages = consumer.consume(10_000, 0.1)
        silent_s = 0.0 if messages else silent_s + 0.1
        assert silent_s < SILENCE_S_MAX, f"{topic} gave nothing for {SILENCE_S_MAX:g} s below its end"
        for message in messages:
            partition = message.partition() or 0
            if (error := message.error()) is None:
                found[partition].append(_raw(message))
            elif error.code() == KafkaError._PARTITION_EOF:
                ended.add(partition)
            else:
                raise KafkaException(error)
    consumer.unassign()
    return found


def _raw(message: Message) -> Raw:
    headers = tuple((name, _bytes(value)) for name, value in _headers(message))
    at_ms = message.timestamp()[1]
    return Raw(
        message.partition() or 0,
        message.offset() or 0,
        at_ms,
        _bytes(message.key()),
        _bytes(message.value()),
        headers,
    )


def _headers(message: Message) -> Any:
    """None of them where a name is not UTF-8: this client cannot read any then, and says so only to a caller that the
    interpreter has not specialised (it returns a list and leaves the error set)."""
    try:
        return _headers_of(message) or ()
    except (UnicodeDecodeError, SystemError):
        return ()


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value


def _all_committed(bootstrap: str, names: TopicNames, counts: dict[str, int]) -> list[Committed]:
    upserts = f"{names.sink_group}-upserts"
    return [
        *_committed(bootstrap, names.sequencer_group, [names.events], counts),
        *_committed(bootstrap, names.sink_group, [names.ledger], counts),
        *_committed(bootstrap, upserts, [names.state, names.quarantine], counts),
    ]


def _committed(bootstrap: str, group: str, topics: Iterable[str], counts: dict[str, int]) -> list[Committed]:
    settings = {"bootstrap.servers": bootstrap, "group.id": group, "isolation.level": "read_committed"}
    consumer = Consumer(settings)
    try:
        places = [TopicPartition(topic, partition) for topic in topics for partition in range(counts[topic])]
        return [
            Committed(
                group,
                found.topic,
                found.partition,
                found.offset,
                found.metadata or "",
                consumer.get_watermark_offsets(TopicPartition(found.topic, found.partition), ANSWER_WITHIN_S)[1],
            )
            for found in consumer.committed(places, ANSWER_WITHIN_S)
            if found.offset >= 0
        ]
    finally:
        consumer.close()
