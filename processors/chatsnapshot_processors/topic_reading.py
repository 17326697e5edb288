"""Reading one partition from an offset to its end, committed records only."""

from collections.abc import Iterator
from types import TracebackType
from typing import NamedTuple, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import BrokerUnavailable

CHUNK_RECORDS = 5_000
ANSWER_TIMEOUT_S = 20.0
"""A broker that does not answer for this long is taken as away; the lane tries again."""
_POLL_S = 0.02
"""How long one poll waits to fill a chunk: short, so that a small topic is read at once."""


class Watermarks(NamedTuple):
    """First offset, and the one after the last committed record."""

    low: int
    high: int


class CommittedOffset(NamedTuple):
    """A group's offset and the text committed with it."""

    offset: int
    metadata: str | None


class PartitionReader:
    """A consumer that joins no group. Raises BrokerUnavailable when nothing comes for ANSWER_TIMEOUT_S."""

    def __init__(self, kafka: KafkaConnection, group_id: str) -> None:
        self._consumer = Consumer(
            {
                **kafka.client_config(),
                "group.id": group_id,
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "enable.partition.eof": True,
                "queued.max.messages.kbytes": 32 * 1024,
                "fetch.wait.max.ms": 20,
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    def committed(self, topic: str, partition: int) -> CommittedOffset | None:
        """The group's committed offset; None when there is none."""
        found = self._consumer.committed([TopicPartition(topic, partition)], ANSWER_TIMEOUT_S)[0]
        if found.error is not None:
            raise KafkaException(found.error)
        return None if found.offset < 0 else CommittedOffset(found.offset, found.metadata)

    def watermarks(self, topic: str, partition: int) -> Watermarks:
        """Where the partition begins and ends now."""
        found = self._consumer.get_watermark_offsets(TopicPartition(topic, partition), ANSWER_TIMEOUT_S)
        if found is None:
            raise BrokerUnavailable(f"no answer about the ends of {topic}-{partition} in {ANSWER_TIMEOUT_S:g} s")
        return Watermarks(*found)

    def read(self, topic: str, partition: int, start: int) -> Iterator[list[Message]]:
        """Chunks of records from `start` to the end that the partition has when it is reached."""
        self._consumer.assign([TopicPartition(topic, partition, start)])
        idle_s = 0.0
        while idle_s < ANSWER_TIMEOUT_S:
            messages = self._consumer.consume(CHUNK_RECORDS, _POLL_S)
            idle_s = 0.0 if messages else idle_s + _POLL_S
            records = [message for message in messages if message.error() is None]
            if records:
                yield records
            if len(records) < len(messages) and _at_end(messages):
                self._consumer.unassign()
                return
        raise BrokerUnavailable(f"nothing came from {topic}-{partition} in {ANSWER_TIMEOUT_S:g} s")


def _at_end(messages: list[Message]) -> bool:
    """Whether the end was reached. Raises KafkaException for anything else that is not a record."""
    ended = False
    for message in messages:
        error = message.error()
        if error is None:
            continue
        if error.code() != KafkaError._PARTITION_EOF:
            raise KafkaException(error)
        ended = True
    return ended
