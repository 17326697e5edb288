"""The values of topic `chatsnapshot.roots`, read from the live topic."""

from collections.abc import Iterator

from confluent_kafka import Consumer

from chatsnapshot.kafka.admin import partition_count
from chatsnapshot.kafka.partition_log import bounds, read_partition
from chatsnapshot_schemas.connections import KafkaConnection, TopicNames
from chatsnapshot_schemas.errors import CorruptLedger, TopicMismatch
from chatsnapshot_schemas.roots import MerkleRoot, decode_root

OFFSETS_A_ROOT = 2
"""A root is a transaction of its own: the record and the mark of its end."""


def has_roots_topic(kafka: KafkaConnection, names: TopicNames) -> bool:
    """Whether the installation has the topic. Raises BrokerUnavailable, AccessRefused."""
    try:
        partition_count(kafka, names.roots)
    except TopicMismatch:
        return False
    return True


def root_values(
    consumer: Consumer, kafka: KafkaConnection, names: TopicNames, partition: int, last: int | None = None
) -> Iterator[bytes]:
    """Every value of a partition, oldest first; `last`: about so many from the end."""
    start = None
    if last is not None:
        limit = bounds(consumer, kafka, names.roots, partition)
        start = max(limit.begin, limit.end - OFFSETS_A_ROOT * last)
    for message in read_partition(consumer, kafka, names.roots, partition, start):
        value = message.value()
        yield value if isinstance(value, bytes) else b""


def newest_root(consumer: Consumer, kafka: KafkaConnection, names: TopicNames, partition: int) -> MerkleRoot | None:
    """The last root of a partition; None before its first."""
    for last in (16, None):
        found = None
        for value in root_values(consumer, kafka, names, partition, last):
            try:
                found = decode_root(value)
            except CorruptLedger:
                continue  # the check tells
        if found is not None:
            return found
    return None
