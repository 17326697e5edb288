"""Read one partition from an offset up to its end as it is now, committed records only."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from chatsnapshot.kafka.admin import ANSWER_TIMEOUT_S, admin_client, topic_ids, unavailable
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import BrokerUnavailable, TopicMismatch
from chatsnapshot_schemas.kafka_access import Access
from chatsnapshot_schemas.known_brokers import KnownBrokers

READER_GROUP = "chatsnapshot-reader"
"""librdkafka wants a name, though nothing is ever committed under it."""
FETCH_MESSAGES_MAX = 10_000
FETCH_LONG_POLL_MS = 20
"""The broker holds a fetch at the end of a partition this long; a question for offsets queues behind it."""
FETCH_WAIT_S = 0.05
"""librdkafka's batch call waits this long for more even when the end is reached: it is the price of a short read."""
READ_AHEAD_KIB_MAX = 32 * 1024
"""Of what is not taken yet, and one fetch more: bounds memory whatever the partition holds."""
SILENCE_S_MAX = 30.0
"""A partition that has records left but gives none for so long: an open transaction, or a lost broker."""
NO_LEADER_YET = frozenset(
    {
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_PARTITION,
    }
)
"""A topic that was made a moment ago answers with these."""
LEADER_POLL_S = 0.05
UNPACKED_BYTES_MAX = 2**31 - 1
"""The client's own bound: a batch that unpacks to more cannot be read with it. Its default would be 100 MB."""


@dataclass(frozen=True, slots=True)
class LogBounds:
    """First offset that is still there, and the offset after the last committed record."""

    begin: int
    end: int


def reader(kafka: KafkaConnection, group: str = READER_GROUP, brokers: KnownBrokers | None = None) -> Consumer:
    """A consumer that never joins its group, only asks what `group` has committed; close it after use.

    `brokers`: of one that reads without an end, to be checked by who polls it.
    """
    config: dict[str, Any] = {
        **kafka.client_config(),
        "group.id": group,
        "enable.auto.commit": False,
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
        "queued.max.messages.kbytes": READ_AHEAD_KIB_MAX,
        "fetch.wait.max.ms": FETCH_LONG_POLL_MS,
        "receive.message.max.bytes": UNPACKED_BYTES_MAX,
        "log_level": 0,
        **(brokers.client_config() if brokers else {}),
    }
    return Consumer(config)


def bounds(consumer: Consumer, kafka: KafkaConnection, topic: str, partition: int) -> LogBounds:
    """Where the partition begins and ends now; a partition without a leader gets ANSWER_TIMEOUT_S to elect one."""
    deadline = time.monotonic() + ANSWER_TIMEOUT_S
    is_seen = False
    while True:
        try:
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=ANSWER_TIMEOUT_S)
        except KafkaException as error:
            if error.args[0].code() not in NO_LEADER_YET or time.monotonic() > deadline:
                raise unavailable(kafka, error, Access("Describe", "topic", topic)) from error
            if not is_seen:
                _check_may_be_seen(kafka, topic)
                is_seen = True
            time.sleep(LEADER_POLL_S)
        else:
            return LogBounds(low, high)


def _check_may_be_seen(kafka: KafkaConnection, topic: str) -> None:
    """A topic that may not be seen looks like one without a leader: asked for by name, the broker says which.

    Raises AccessRefused.
    """
    with suppress(TopicMismatch):  # made a moment ago
        topic_ids(admin_client(kafka), [topic])


def read_partition(
    consumer: Consumer, kafka: KafkaConnection, topic: str, partition: int, start: int | None = None
) -> Iterator[Message]:
    """Every committed record from `start` (default: the beginning) up to the end as it is now.

    Raises AccessRefused, and BrokerUnavailable when the partition has records left and gives none for SILENCE_S_MAX.
    """
    limit = bounds(consumer, kafka, topic, partition)
    first = limit.begin if start is None else max(start, limit.begin)
    if first >= limit.end:
        return
    consumer.assign([TopicPartition(topic, partition, first)])
    heard = time.monotonic()
    while True:
        messages = consumer.consume(FETCH_MESSAGES_MAX, FETCH_WAIT_S)
        if messages:
            heard = time.monotonic()
        elif time.monotonic() - heard > SILENCE_S_MAX:
            raise BrokerUnavailable(f"{topic}/{partition}: no record for {SILENCE_S_MAX:.0f} s below its end")
        for message in messages:
            error = message.error()
            if error is not None:
                if error.code() == KafkaError._PARTITION_EOF:
                    return
                raise unavailable(kafka, KafkaException(error), Access("Read", "topic", topic))
            if (message.offset() or 0) >= limit.end:
                return
            yield message
