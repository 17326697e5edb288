"""Read one partition from an offset up to its end as it is now, committed records only."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from chatsnapshot.kafka.admin import ANSWER_TIMEOUT_S, unavailable
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import BrokerUnavailable

FETCH_MESSAGES_MAX = 10_000
QUEUED_KBYTES_MAX = 32 * 1024
"""librdkafka's prefetch: bounds memory whatever the partition holds."""
SILENCE_S_MAX = 30.0
"""A partition that has records left but gives none for so long: an open transaction, or a lost broker."""


@dataclass(frozen=True, slots=True)
class LogBounds:
    """First offset that is still there, and the offset after the last committed record."""

    begin: int
    end: int


def reader(kafka: KafkaConnection) -> Consumer:
    """A consumer without a group's duties; close it after use."""
    config: dict[str, Any] = {
        **kafka.client_config(),
        "group.id": "chatsnapshot-reader",
        "enable.auto.commit": False,
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
        "queued.max.messages.kbytes": QUEUED_KBYTES_MAX,
        "log_level": 0,
    }
    return Consumer(config)


def bounds(consumer: Consumer, kafka: KafkaConnection, topic: str, partition: int) -> LogBounds:
    """Where the partition begins and ends now."""
    try:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=ANSWER_TIMEOUT_S)
    except KafkaException as error:
        raise unavailable(kafka, error) from error
    return LogBounds(low, high)


def offset_at(consumer: Consumer, topic: str, partition: int, time_ms: int, otherwise: int) -> int:
    """The first offset whose timestamp is not before `time_ms`; `otherwise` when there is none."""
    (found,) = consumer.offsets_for_times([TopicPartition(topic, partition, time_ms)], timeout=ANSWER_TIMEOUT_S)
    return found.offset if found.offset >= 0 else otherwise


def read_partition(
    consumer: Consumer, kafka: KafkaConnection, topic: str, partition: int, start: int | None = None
) -> Iterator[Message]:
    """Every committed record from `start` (default: the beginning) up to the end as it is now.

    Raises BrokerUnavailable when the partition has records left and gives none for SILENCE_S_MAX.
    """
    limit = bounds(consumer, kafka, topic, partition)
    first = limit.begin if start is None else max(start, limit.begin)
    if first >= limit.end:
        return
    consumer.assign([TopicPartition(topic, partition, first)])
    while True:
        messages = consumer.consume(FETCH_MESSAGES_MAX, SILENCE_S_MAX)
        if not messages:
            raise BrokerUnavailable(f"{topic}/{partition}: no record for {SILENCE_S_MAX:.0f} s below its end")
        for message in messages:
            error = message.error()
            if error is not None:
                if error.code() == KafkaError._PARTITION_EOF:
                    return
                raise unavailable(kafka, KafkaException(error))
            if (message.offset() or 0) >= limit.end:
                return
            yield message
