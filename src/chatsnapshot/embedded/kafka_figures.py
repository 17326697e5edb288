"""Figures of the topics and of the consumer groups that read them, from offsets alone."""

import time
from dataclasses import dataclass

from confluent_kafka import ConsumerGroupTopicPartitions, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from chatsnapshot.kafka.admin import ANSWER_TIMEOUT_S, admin_client, cluster_metadata, unavailable
from chatsnapshot_schemas.connections import KafkaConnection, TopicNames

COORDINATOR_STARTS = (
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
)
COORDINATOR_WAIT_S = 5.0
"""Just after a start the broker still loads the groups' offsets."""
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
    """How far a stage is behind its input: offsets not yet done. None: the topic or the group is not known."""

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


_TopicBounds = dict[int, _Bounds]


def kafka_figures(kafka: KafkaConnection, names: TopicNames) -> KafkaFigures:
    """Ask the broker. Raises BrokerUnavailable."""
    admin = admin_client(kafka)
    try:
        bounds = _bounds(admin, kafka, names)
        lag = tuple(
            StageLag(stage, group, topic, _lag(bounds.get(topic, {}), _committed(admin, group, topic)))
            for stage, group, topic in stages(names)
        )
    except KafkaException as error:
        raise unavailable(kafka, error) from error
    topics = tuple(_figures(name, bounds.get(name, {}), name != names.events) for name in names.all())
    return KafkaFigures(topics, lag)


def stages(names: TopicNames) -> tuple[tuple[str, str, str], ...]:
    """(stage, consumer group, input topic)."""
    sequencer, sink = f"{names.prefix}-sequencer", f"{names.prefix}-sink"
    return ("sequencer", sequencer, names.events), ("sink", sink, names.ledger)


def _bounds(admin: AdminClient, kafka: KafkaConnection, names: TopicNames) -> dict[str, _TopicBounds]:
    known = cluster_metadata(admin, kafka).topics
    partitions = [
        TopicPartition(name, number) for name in names.all() if name in known for number in known[name].partitions
    ]
    begins = _offsets(admin, partitions, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
    ends = _offsets(admin, partitions, OffsetSpec.latest())  # type: ignore[no-untyped-call]
    bounds: dict[str, _TopicBounds] = {}
    for (topic, number), end in ends.items():
        bounds.setdefault(topic, {})[number] = _Bounds(begins[topic, number], end)
    return bounds


def _offsets(admin: AdminClient, partitions: list[TopicPartition], which: OffsetSpec) -> dict[tuple[str, int], int]:
    if not partitions:
        return {}
    asked = admin.list_offsets(
        dict.fromkeys(partitions, which),
        isolation_level=IsolationLevel.READ_COMMITTED,
        request_timeout=ANSWER_TIMEOUT_S,
    )
    return {(at.topic, at.partition): future.result().offset for at, future in asked.items()}


def _committed(admin: AdminClient, group: str, topic: str) -> dict[int, int] | None:
    """Committed offset by partition; None when the group is not known. Waits for a coordinator that just starts."""
    deadline = time.monotonic() + COORDINATOR_WAIT_S
    while True:
        wanted = [ConsumerGroupTopicPartitions(group)]
        try:
            found = admin.list_consumer_group_offsets(wanted, request_timeout=ANSWER_TIMEOUT_S)[group].result()
        except KafkaException as error:
            code = error.args[0].code()
            if code == KafkaError.GROUP_ID_NOT_FOUND:
                return None
            if code not in COORDINATOR_STARTS or time.monotonic() > deadline:
                raise
            time.sleep(COORDINATOR_POLL_S)
        else:
            offsets = found.topic_partitions or []
            return {each.partition: each.offset for each in offsets if each.topic == topic and each.offset >= 0}


def _lag(bounds: _TopicBounds, committed: dict[int, int] | None) -> int | None:
    if not bounds or committed is None:
        return None
    return sum(max(0, each.end - max(committed.get(number, 0), each.begin)) for number, each in bounds.items())


def _figures(name: str, bounds: _TopicBounds, counts_markers: bool) -> TopicFigures:
    offsets = sum(each.end - each.begin for each in bounds.values())
    return TopicFigures(name, len(bounds), offsets, counts_markers)
