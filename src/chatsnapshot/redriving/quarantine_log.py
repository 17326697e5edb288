"""The quarantine topic itself: refused inputs with their bytes, and the marks of those that are solved."""

import time
from collections.abc import Callable, Container, Iterator
from types import TracebackType
from typing import Any, Self

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from chatsnapshot.kafka.admin import ANSWER_TIMEOUT_S, unavailable
from chatsnapshot.kafka.partition_log import READER_GROUP, bounds, read_partition, reader
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import BrokerUnavailable, InvalidEvent
from chatsnapshot_schemas.kafka_access import Access
from chatsnapshot_schemas.quarantine_entries import (
    InputPlace,
    QuarantinedInput,
    SolvedMark,
    input_place,
    is_solved_mark,
    quarantined_input,
    solved_mark,
)

SETTLED_WITHIN_S = 75.0
"""A transaction that a dead process left open is ended by the broker after 60 s at most, looked for every 10 s."""
SETTLED_POLL_S = 0.05
Waiting = Callable[[str], None]
"""Told why it takes long."""


class QuarantineLog:
    """Reads one partition; use as a context manager. Its methods raise BrokerUnavailable, AccessRefused."""

    def __init__(self, kafka: KafkaConnection, topic: str, partition: int) -> None:
        self._kafka = kafka
        self._topic = topic
        self._partition = partition
        self._consumer = reader(kafka)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    def settle(self, waiting: Waiting = lambda why: None) -> None:
        """Wait until everything that lies in the partition now is committed or aborted.

        A reader of committed records sees no mark behind the first open transaction, the sequencer's own included.
        """
        end, give_up = self._end_of_all(), time.monotonic() + SETTLED_WITHIN_S
        while bounds(self._consumer, self._kafka, self._topic, self._partition).end < end:
            if time.monotonic() > give_up:
                raise BrokerUnavailable(f"{self._topic}-{self._partition}: a transaction stays open; try again")
            waiting(f"waiting for an open transaction in {self._topic}-{self._partition}")
            time.sleep(SETTLED_POLL_S)

    def marks(self, start: int, wanted: Container[InputPlace]) -> dict[InputPlace, SolvedMark | None]:
        """Those of the wanted inputs from offset `start` on; None for a mark that says no more than that."""
        found: dict[InputPlace, SolvedMark | None] = {}
        for message in self._read(start):
            pairs = _headers(message)
            if pairs is None or not is_solved_mark(pairs):
                continue
            place = _place(pairs)
            if place is not None and place in wanted:
                found[place] = solved_mark(pairs, _bytes(message.value()))
        return found

    def inputs(self, start: int, wanted: Container[InputPlace]) -> Iterator[QuarantinedInput]:
        """The wanted inputs from offset `start` on, in the topic's order."""
        for message in self._read(start):
            pairs = _headers(message)
            if pairs is not None and not is_solved_mark(pairs) and _place(pairs) in wanted:
                key, value = _bytes(message.key()), _bytes(message.value())
                yield quarantined_input(pairs, key, value, message.offset() or 0)

    def at(self, offset: int) -> QuarantinedInput | None:
        """The input at an offset; None when there is none."""
        for message in self._read(offset):
            pairs = _headers(message)
            if message.offset() != offset or pairs is None or is_solved_mark(pairs):
                return None
            return quarantined_input(pairs, _bytes(message.key()), _bytes(message.value()), offset)
        return None

    def _read(self, start: int) -> Iterator[Message]:
        return read_partition(self._consumer, self._kafka, self._topic, self._partition, start)

    def _end_of_all(self) -> int:
        """Where the partition ends, open transactions included."""
        config: dict[str, Any] = {**self._kafka.client_config(), "group.id": READER_GROUP, "log_level": 0}
        consumer = Consumer({**config, "isolation.level": "read_uncommitted"})
        try:
            place = TopicPartition(self._topic, self._partition)
            end: int = consumer.get_watermark_offsets(place, timeout=ANSWER_TIMEOUT_S)[1]
        except KafkaException as error:
            raise unavailable(self._kafka, error, Access("Describe", "topic", self._topic)) from error
        finally:
            consumer.close()
        return end


def _headers(message: Message) -> list[tuple[str, Any]] | None:
    """None where they cannot be read."""
    try:
        pairs: Any = message.headers() or ()
        return list(pairs)
    except (UnicodeDecodeError, SystemError):
        return None


def _place(pairs: list[tuple[str, Any]]) -> InputPlace | None:
    try:
        return input_place(pairs)
    except InvalidEvent:
        return None


def _bytes(value: bytes | str | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
