"""Reads announced batches again: exactly their records, by a consumer beside the group.

The partitions of a batch may have different owners by now. Each owner reads the whole batch and inserts it under the
same token, so that it is in once, and commits what it owns.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from chatsnapshot_projections.sink_batch import Batch, OpenBatch, Record, Source, closed_batch
from chatsnapshot_projections.sink_lane import Lane, OpenNew
from chatsnapshot_projections.sink_offsets import Announcement, Span
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import TopicMismatch
from chatsnapshot_schemas.known_brokers import KnownBrokers

log = logging.getLogger(__name__)

READ_RECORDS_MAX = 5_000
READ_WAIT_S = 0.2
"""How soon the end of the worker is noticed."""
READ_AHEAD_KIB_MAX = 16 * 1024
LOG_LEVEL = 2

ReadSpans = Callable[[str, tuple[Span, ...], threading.Event], dict[int, list[Record]]]
"""Topic, spans, stop -> records by partition. Raises TopicMismatch when they are not all in the topic."""


class SpanReader:
    """Reads spans of a topic from Kafka; tries on while the broker is away, until `stop`.

    Nothing is joined or committed, but the client looks for its group's coordinator all the same: `group` is one that
    this account may read.
    """

    def __init__(self, kafka: KafkaConnection, group: str) -> None:
        self._settings: dict[str, object] = {
            **kafka.client_config(),
            "group.id": group,
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "enable.partition.eof": True,
            "queued.max.messages.kbytes": READ_AHEAD_KIB_MAX,
            "log_level": LOG_LEVEL,
        }

    def __call__(self, topic: str, spans: tuple[Span, ...], stop: threading.Event) -> dict[int, list[Record]]:
        """The records of each span. Raises TopicMismatch, BrokerUnavailable (only a new client helps)."""
        brokers = KnownBrokers()
        consumer = Consumer(self._settings | brokers.client_config())
        wanted = {span.partition: span for span in spans}
        found: dict[int, list[Record]] = {span.partition: [] for span in spans}
        try:
            consumer.assign([TopicPartition(topic, span.partition, span.first) for span in spans])
            while wanted and not stop.is_set():
                for message in consumer.consume(READ_RECORDS_MAX, READ_WAIT_S):
                    _sort_in(message, topic, wanted, found)
                brokers.check()
            return found
        finally:
            consumer.close()


def _sort_in(message: Message, topic: str, wanted: dict[int, Span], found: dict[int, list[Record]]) -> None:
    partition, offset, error = message.partition(), message.offset(), message.error()
    span = wanted.get(-1 if partition is None else partition)
    if span is None:
        return
    if error is None and offset is not None and offset <= span.last:
        found[span.partition].append(message)  # type: ignore[arg-type]  # values of a message without error are there
        is_over = offset == span.last
    else:
        gone = (KafkaError._PARTITION_EOF, KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE)
        is_over = error is None or error.code() in gone
    if is_over:
        del wanted[span.partition]
        _check(topic, span, found[span.partition])


def _check(topic: str, span: Span, records: list[Record]) -> None:
    """A range that begins or ends elsewhere would be another block under the same token."""
    if not records or records[0].offset() != span.first or records[-1].offset() != span.last:
        raise TopicMismatch(
            f"{topic}/{span.partition}: records {span.first}-{span.last} were announced and are not all in the topic"
        )


def _settle(lane: Lane, outcome: Batch | Exception) -> None:
    if isinstance(outcome, Batch):
        lane.go_on_with(outcome)
    elif isinstance(outcome, TopicMismatch):
        lane.stop(str(outcome))
    else:
        raise outcome


class Repeats:
    """The batches that are being read again, each in a thread of its own: at most one a lane."""

    def __init__(self, read: ReadSpans, open_new: OpenNew) -> None:
        self._read = read
        self._open_new = open_new
        self._stop = threading.Event()
        self._reading: set[tuple[str, Announcement]] = set()
        self._done: SimpleQueue[tuple[str, Announcement, Batch | Exception]] = SimpleQueue()

    def go_on(self, lanes: Iterable[Lane]) -> None:
        """Begin reading for lanes that wait for it, and hand over what was read. Raises what reading raised.

        Records that are not there stop their lanes.
        """
        waiting = [lane for lane in lanes if lane.repeats is not None]
        self._hand_over(waiting)
        for lane in waiting:
            announced = lane.repeats
            if announced is not None and (lane.source.topic, announced) not in self._reading:
                self._reading.add((lane.source.topic, announced))
                arguments = (lane.source.topic, announced)
                threading.Thread(target=self._work, args=arguments, name="sink-repeat", daemon=True).start()

    def close(self) -> None:
        """Let the threads end."""
        self._stop.set()

    def _hand_over(self, waiting: Iterable[Lane]) -> None:
        while True:
            try:
                topic, announced, outcome = self._done.get_nowait()
            except Empty:
                return
            self._reading.discard((topic, announced))
            for lane in waiting:
                if lane.repeats == announced and lane.source.topic == topic:
                    _settle(lane, outcome)

    def _work(self, topic: str, announced: Announcement) -> None:
        outcome: Batch | Exception
        try:
            records = self._read(topic, announced.spans, self._stop)
            if self._stop.is_set():
                return
            outcome = self._batch(topic, announced, records)
        except Exception as error:  # told to the thread that owns the lanes
            outcome = error
        self._done.put((topic, announced, outcome))

    def _batch(self, topic: str, announced: Announcement, records: dict[int, list[Record]]) -> Batch:
        parts: list[OpenBatch] = []
        for span in announced.spans:
            source = Source(topic, announced.topic_id, span.partition)
            part = self._open_new(source)
            part.take(records[span.partition], 0, unbounded=True)
            if part.unreadable:
                raise TopicMismatch(part.unreadable)
            parts.append(part)
        return closed_batch(parts, is_announced=True)
