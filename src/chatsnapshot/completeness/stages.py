"""How far the stages are: waits until they have done what was there when it began, and says who has not."""

import time
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaException, TopicPartition

from chatsnapshot.kafka.admin import ANSWER_TIMEOUT_S, partition_count, unavailable
from chatsnapshot.kafka.partition_log import bounds, reader
from chatsnapshot_schemas.connections import KafkaConnection, TopicNames
from chatsnapshot_schemas.kafka_access import Access

POLL_S = 0.2


class Stage(NamedTuple):
    """A consumer group and what it reads; `does` for people."""

    group: str
    topic: str
    does: str


class Behind(NamedTuple):
    """What a stage had not done in time: offsets left, and from where on, by partition."""

    stage: Stage
    left: int
    done: dict[int, int]


def sequencer_stage(names: TopicNames) -> Stage:
    """Events -> ledger and quarantine."""
    return Stage(names.sequencer_group, names.events, "the sequencer has not looked at")


def sink_stages(names: TopicNames) -> tuple[Stage, Stage]:
    """Ledger and quarantine -> tables."""
    return (
        Stage(names.sink_group, names.ledger, "table ledger does not have"),
        Stage(f"{names.sink_group}-upserts", names.quarantine, "table quarantine does not have"),
    )


def wait_for(kafka: KafkaConnection, stage: Stage, deadline: float) -> Behind | None:
    """Until the group has committed the end that its topic has now; None when it has. `deadline`: by time.monotonic.

    Raises BrokerUnavailable, AccessRefused, TopicMismatch.
    """
    partitions = partition_count(kafka, stage.topic)
    with closing(reader(kafka, stage.group)) as consumer:
        limits = {number: bounds(consumer, kafka, stage.topic, number) for number in range(partitions)}
        ends = {number: limit.end for number, limit in limits.items() if limit.end > limit.begin}
        while True:
            done = dict(_committed(consumer, kafka, stage, ends))
            left = sum(end - max(done[number], limits[number].begin) for number, end in ends.items())
            if left <= 0:
                return None
            if time.monotonic() > deadline:
                return Behind(stage, left, done)
            time.sleep(POLL_S)


def _committed(
    consumer: Consumer, kafka: KafkaConnection, stage: Stage, ends: dict[int, int]
) -> Iterator[tuple[int, int]]:
    if not ends:
        return
    places = [TopicPartition(stage.topic, number) for number in ends]
    try:
        found = consumer.committed(places, timeout=ANSWER_TIMEOUT_S)
    except KafkaException as error:
        raise unavailable(kafka, error, Access("Describe", "group", stage.group)) from error
    for each in found:
        yield each.partition, min(max(each.offset, 0), ends[each.partition])
