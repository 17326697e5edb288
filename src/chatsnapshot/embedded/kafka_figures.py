"""Figures of the topics and of the consumer groups that read them, from offsets alone."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec

from chatsnapshot.kafka.admin import ANSWER_TIMEOUT_S, admin_client, cluster_metadata, unavailable
from chatsnapshot.kafka.partition_log import NO_LEADER_YET
from chatsnapshot_schemas.connections import KafkaConnection, TopicNames
from chatsnapshot_schemas.kafka_admin import ListeningAdmin

COORDINATOR_STARTS = (
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
)
COORDINATOR_WAIT_S = 5.0
"""Just after its start a broker makes its offsets topic, or loads it."""
COORDINATOR_POLL_S = 0.1


@dataclass(frozen=True)
class TopicFigures:
    """One topic. `offsets`: from the first that is kept to the end, committed; 0 partitions: the topic is not there.

    Where `counts_markers`, the offsets include a marker for each transaction and partition: an upper bound of records.
    """

    name: str
    partitions: int
    offsets: int
    counts_markers: bool


@dataclass(frozen=True)
class StageLag:
    """How far a stage is behind its input: offsets not yet done. None: the topic is not there."""

    stage: str
    group: str
    topic: str
    offsets: int | None


@dataclass(frozen=True)
class KafkaFigures:
    """All topics and stages of one installation."""

    topics: tuple[TopicFigures, ...]
    lag: tuple[StageLag, ...]


@dataclass(frozen=True)
class _Bounds:
    begin: int
    end: int


Answer = TypeVar("Answer")
_TopicBounds = dict[int, _Bounds]


def kafka_figures(kafka: KafkaConnection, names: TopicNames) -> KafkaFigures:
    """Ask the broker. Raises BrokerUnavailable, AccessRefused."""
    admin = admin_client(kafka)
    try:
        bounds = _patiently(lambda: _bounds(admin, names))
        lag = tuple(_stage_lag(kafka, *stage, bounds) for stage in stages(names))
    except KafkaException as error:
        raise unavailable(kafka, error) from error
    plain = (names.events, names.sources)
    topics = tuple(_figures(name, bounds.get(name, {}), name not in plain) for name in names.all())
    return KafkaFigures(topics, lag)


def stages(names: TopicNames) -> tuple[tuple[str, str, str], ...]:
    """(stage, consumer group, input topic)."""
    return ("sequencer", names.sequencer_group, names.events), ("sink", names.sink_group, names.ledger)


def _stage_lag(kafka: KafkaConnection, stage: str, group: str, topic: str, bounds: dict[str, _TopicBounds]) -> StageLag:
    partitions = bounds.get(topic, {})
    return StageLag(stage, group, topic, _lag(partitions, _committed(kafka, group, topic, partitions)))


def _bounds(admin: ListeningAdmin, names: TopicNames) -> dict[str, _TopicBounds]:
    known = cluster_metadata(admin).topics
    partitions = [
        TopicPartition(name, number) for name in names.all() if name in known for number in known[name].partitions
    ]
    begins = _offsets(admin, partitions, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
    ends = _offsets(admin, partitions, OffsetSpec.latest())  # type: ignore[no-untyped-call]
    bounds: dict[str, _TopicBounds] = {}
    for (topic, number), end in ends.items():
        bounds.setdefault(topic, {})[number] = _Bounds(begins[topic, number], end)
    return bounds


def _offsets(admin: ListeningAdmin, partitions: list[TopicPartition], which: OffsetSpec) -> dict[tuple[str, int], int]:
    if not partitions:
        return {}
    asked = admin.list_offsets(
        dict.fromkeys(partitions, which),
        isolation_level=IsolationLevel.READ_COMMITTED,
        request_timeout=ANSWER_TIMEOUT_S,
    )
    return {(at.topic, at.partition): future.result().offset for at, future in asked.items()}


def _committed(kafka: KafkaConnection, group: str, topic: str, partitions: Iterable[int]) -> dict[int, int]:
    """The group's committed offset by partition, without joining it; a partition without one is left out.

    Through a consumer: the admin client's `list_consumer_group_offsets` ends the process (a segmentation fault in
    confluent-kafka 2.16) while the broker makes its offsets topic, which is what happens in a stack's first second.
    """
    wanted = [TopicPartition(topic, number) for number in partitions]
    if not wanted:
        return {}
    consumer = Consumer({**kafka.client_config(), "group.id": group, "enable.auto.commit": False, "log_level": 0})
    try:
        found = _patiently(lambda: consumer.committed(wanted, timeout=ANSWER_TIMEOUT_S))
    finally:
        consumer.close()
    return {each.partition: each.offset for each in found if each.error is None and each.offset >= 0}


def _patiently(ask: Callable[[], Answer]) -> Answer:
    """The answer, waiting for a coordinator or leader that is just starting or moving."""
    deadline = time.monotonic() + COORDINATOR_WAIT_S
    while True:
        try:
            return ask()
        except KafkaException as error:
            if error.args[0].code() not in (*COORDINATOR_STARTS, *NO_LEADER_YET) or time.monotonic() > deadline:
                raise
            time.sleep(COORDINATOR_POLL_S)


def _lag(bounds: _TopicBounds, committed: dict[int, int]) -> int | None:
    if not bounds:
        return None
    return sum(max(0, each.end - max(committed.get(number, 0), each.begin)) for number, each in bounds.items())


def _figures(name: str, bounds: _TopicBounds, counts_markers: bool) -> TopicFigures:
    offsets = sum(each.end - each.begin for each in bounds.values())
    return TopicFigures(name, len(bounds), offsets, counts_markers)
