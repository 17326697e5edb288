"""What the group of the sinks has committed for the ledger: offsets, and ranges that are announced."""

import json

from confluent_kafka import Consumer, TopicPartition

from tests.faults.lab import ANSWER_WITHIN_S, Lab


def sink_offsets(lab: Lab) -> list[int]:
    """The committed offset of each partition of the ledger; below 0: none."""
    return [offset for offset, _metadata in _marks(lab)]


def announced(lab: Lab) -> list[tuple[int, int]]:
    """First and last offset of each partition's announced range, where there is one."""
    return [(first, last) for _, text in _marks(lab) if text for first, last in [json.loads(text)["pending"]]]


def _marks(lab: Lab) -> list[tuple[int, str]]:
    consumer = Consumer({"bootstrap.servers": lab.bootstrap, "group.id": lab.topics.sink_group})
    try:
        places = [TopicPartition(lab.topics.ledger, partition) for partition in range(lab.partitions)]
        return [(found.offset, found.metadata or "") for found in consumer.committed(places, ANSWER_WITHIN_S)]
    finally:
        consumer.close()
