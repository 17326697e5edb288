"""Reading one partition from an offset to its end, committed records only."""

import logging
from collections.abc import Iterator
from types import TracebackType
from typing import NamedTuple, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import BrokerUnavailable

CHUNK_RECORDS = 5_000
ANSWER_TIMEOUT_S = 20.0
"""A broker that does not answer for this long is taken as away; the lane tries again."""
OPEN_TRANSACTION_S = 80.0
"""A transaction may last a minute (transaction.max.timeout.ms), and the broker looks every ten seconds which are over.
Shorter than the watchdog's patience with a lane."""
READ_AHEAD_KIB_MAX = 32 * 1024
"""Of what is not taken yet, and one fetch more."""
_POLL_S = 0.02
"""How long one poll waits to fill a chunk: short, so that a small topic is read at once."""

log = logging.getLogger(__name__)


class Watermarks(NamedTuple):
    """First offset, and the one after the last record, committed or not."""

    low: int
    high: int


class CommittedOffset(NamedTuple):
    """A group's offset and the text committed with it."""

    offset: int
    metadata: str | None


class PartitionReader:
    """A consumer that joins no group. Raises BrokerUnavailable when nothing comes for ANSWER_TIMEOUT_S."""

    def __init__(self, kafka: KafkaConnection, group_id: str) -> None:
        client = {**kafka.client_config(), "group.id": group_id}
        self._log_ends = Consumer({**client, "isolation.level": "read_uncommitted"})
        self._consumer = Consumer(
            {
                **client,
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "enable.partition.eof": True,
                "queued.max.messages.kbytes": READ_AHEAD_KIB_MAX,
                "fetch.wait.max.ms": 20,
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()
        self._log_ends.close()

    def committed(self, topic: str, partition: int) -> CommittedOffset | None:
        """The group's committed offset; None when there is none."""
        found = self._consumer.committed([TopicPartition(topic, partition)], ANSWER_TIMEOUT_S)[0]
        if found.error is not None:
            raise KafkaException(found.error)
        return None if found.offset < 0 else CommittedOffset(found.offset, found.metadata)

    def watermarks(self, topic: str, partition: int) -> Watermarks:
        """Where the partition begins and ends now, with what an open transaction hides for the time being."""
        found = self._log_ends.get_watermark_offsets(TopicPartition(topic, partition), ANSWER_TIMEOUT_S)
        if found is None:
            raise BrokerUnavailable(f"no answer about the ends of {topic}-{partition} in {ANSWER_TIMEOUT_S:g} s")
        return Watermarks(*found)

    def read(self, topic: str, partition: int, start: int) -> Iterator[list[Message]]:
        """Chunks of records from `start` to the end that the partition has now.

        A transaction that its producer left open hides all that was committed behind its first record, our own records
        among it: to stop there would be to forget them. The broker ends it when its time is up; so long is waited.
        """
        end = self.watermarks(topic, partition).high
        # of a topic that it does not know the client looks for the leader once a second only
        self._consumer.list_topics(topic, ANSWER_TIMEOUT_S)
        self._consumer.assign([TopicPartition(topic, partition, start)])
        idle_s = 0.0
        patience_s = ANSWER_TIMEOUT_S
        while idle_s < patience_s:
            messages = self._consumer.consume(CHUNK_RECORDS, _POLL_S)
            idle_s = 0.0 if messages else idle_s + _POLL_S
            records = [message for message in messages if message.error() is None]
            if records:
                yield records
            if len(records) < len(messages) and (seen_to := _seen_to(messages)) is not None:
                if seen_to >= end:
                    self._consumer.unassign()
                    return
                patience_s = OPEN_TRANSACTION_S
                log.warning("%s-%d: an open transaction hides offsets %d to %d", topic, partition, seen_to, end)
        raise BrokerUnavailable(f"nothing came from {topic}-{partition} in {patience_s:g} s")


def _seen_to(messages: list[Message]) -> int | None:
    """The offset at which the end was reached. Raises KafkaException for anything else that is not a record."""
    seen_to = None
    for message in messages:
        error = message.error()
        if error is None:
            continue
        if error.code() != KafkaError._PARTITION_EOF:
            raise KafkaException(error)
        seen_to = message.offset()
    return seen_to
