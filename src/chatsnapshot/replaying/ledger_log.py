"""The ledger topic as history: one run, or what was recorded in a span of time, in ledger order, as stored."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from chatsnapshot.kafka.admin import ANSWER_TIMEOUT_S, partition_count, unavailable
from chatsnapshot.kafka.partition_log import bounds, read_partition, reader
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.envelope import micros
from chatsnapshot_schemas.errors import CorruptLedger
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.kafka_access import Access
from chatsnapshot_schemas.ledger_head import read_recorded_at
from chatsnapshot_schemas.partitioning import message_key, partition_of

CLOCK_SKEW_MAX = timedelta(hours=1)
"""Kafka finds offsets by the sequencer's clock, the span is said in the broker's: so far apart they may be."""

Read = Callable[[int, int], None]
"""Told (offsets read, offsets to read)."""


@dataclass(frozen=True, slots=True)
class Span:
    """From the first record of a partition that was recorded at `since` or later, up to the first at `until`.

    A cut, not a filter: an event that was held keeps the time at which it arrived, so a partition's times are not
    ascending. Spans that touch each other give every record exactly once.
    """

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class LedgerLog:
    """Reads with `read_committed`, up to the end as it is when a partition is begun. Bounded memory.

    Every method raises BrokerUnavailable, and TopicMismatch without the topic.
    """

    kafka: KafkaConnection
    topic: str
    framing: Framing
    on_read: Read = field(default=lambda done, total: None)

    def partitions(self) -> int:
        """How many the topic has."""
        return partition_count(self.kafka, self.topic)

    def of_run(self, tenant_id: str, correlation_id: str) -> Iterator[Message]:
        """Every record of a run, ascending by sequence number."""
        key = message_key(tenant_id, correlation_id)
        partition = partition_of(key, self.partitions())
        consumer = reader(self.kafka)
        try:
            total = bounds(consumer, self.kafka, self.topic, partition).end
            for message in read_partition(consumer, self.kafka, self.topic, partition):
                self.on_read((message.offset() or 0) + 1, total)
                if message.key() == key:
                    yield message
        finally:
            consumer.close()

    def of_span(self, span: Span, tenant_id: str | None = None) -> Iterator[Message]:
        """Everything in the span, partition after partition; the order within every run is kept."""
        prefix = b"" if tenant_id is None else f"{tenant_id}/".encode()
        partitions = self.partitions()
        consumer = reader(self.kafka)
        try:
            starts = [self._first_offset(consumer, span.since, partition) for partition in range(partitions)]
            ends = [bounds(consumer, self.kafka, self.topic, partition).end for partition in range(partitions)]
            total = sum(max(0, end - start) for start, end in zip(starts, ends, strict=True))
            done = 0
            for partition, start in enumerate(starts):
                for message in self._cut(read_partition(consumer, self.kafka, self.topic, partition, start), span):
                    self.on_read(done + (message.offset() or 0) - start + 1, total)
                    if (message.key() or b"").startswith(prefix):
                        yield message
                done += max(0, ends[partition] - start)
        finally:
            consumer.close()

    def _cut(self, messages: Iterator[Message], span: Span) -> Iterator[Message]:
        since = None if span.since is None else micros(span.since)
        until = None if span.until is None else micros(span.until)
        for message in messages:
            if since is None and until is None:
                yield message
                continue
            recorded_at = read_recorded_at(self.framing.ledger_body(stored_value(message)))
            if until is not None and recorded_at >= until:
                return
            if since is None or recorded_at >= since:
                since = None
                yield message

    def _first_offset(self, consumer: Consumer, since: datetime | None, partition: int) -> int:
        """A place at or before the first record of the span; the end when there is none."""
        if since is None:
            return bounds(consumer, self.kafka, self.topic, partition).begin
        asked = TopicPartition(self.topic, partition, max(0, micros(since - CLOCK_SKEW_MAX) // 1000))
        try:
            (found,) = consumer.offsets_for_times([asked], timeout=ANSWER_TIMEOUT_S)
        except KafkaException as error:
            raise unavailable(self.kafka, error, Access("Describe", "topic", self.topic)) from error
        return found.offset if found.offset >= 0 else bounds(consumer, self.kafka, self.topic, partition).end


def stored_value(message: Message) -> bytes:
    """A ledger record's bytes as they lie in the topic. Raises CorruptLedger for a record without any."""
    value = message.value()
    if not isinstance(value, bytes):
        raise CorruptLedger(
            f"{message.topic()}/{message.partition()} offset {message.offset()}: a record without value"
        )
    return value
