"""Writes ledger records to another topic: same bytes, same keys, in order, idempotent."""

import time
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from chatsnapshot.replaying.ledger_log import stored_value
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import Undelivered
from chatsnapshot_schemas.kafka_access import Access, refusal
from chatsnapshot_schemas.kafka_silence import silent_logger
from chatsnapshot_schemas.partitioning import PARTITIONER
from chatsnapshot_schemas.topics import OUTPUT_MESSAGE_BYTES_MAX

STALL_S = 60.0
"""No acknowledgement for so long: give up; above the time a broker takes to elect another leader."""
QUEUE_MESSAGES_MAX = 20_000
QUEUE_KBYTES_MAX = 32 * 1024
"""What is on the way at most: bounds memory, and is some milliseconds of a broker's work."""
WAIT_S = 0.1
_TOO_LARGE = "Message size too large"
"""librdkafka's words, which it repeats in the error of the whole producer."""


@dataclass(slots=True)
class Delivery:
    """What became of the records."""

    read: int = 0
    sent: int = 0
    """Acknowledged by every in-sync replica."""
    failed: int = 0


class TopicWriter:
    """One producer and one topic; `finish` says what arrived.

    A record carries the same key, value and headers; its time is that of the replay, because a topic with a retention
    would drop old times at once. `recorded_at` is in the value.
    """

    def __init__(self, kafka: KafkaConnection, topic: str) -> None:
        config: dict[str, Any] = {
            **kafka.client_config(),
            "enable.idempotence": True,
            "enable.gapless.guarantee": True,
            "acks": "all",
            "partitioner": PARTITIONER,
            "compression.type": "lz4",
            "linger.ms": 5,
            "message.max.bytes": OUTPUT_MESSAGE_BYTES_MAX,
            "message.timeout.ms": int(STALL_S * 1000),
            "queue.buffering.max.messages": QUEUE_MESSAGES_MAX,
            "queue.buffering.max.kbytes": QUEUE_KBYTES_MAX,
        }
        self._producer = Producer(config, logger=silent_logger())
        self._kafka, self._topic = kafka, topic
        self._why = ""
        self.delivery = Delivery()

    def write(self, message: Message) -> None:
        """Put one record behind the others; waits while too many are on the way. Raises Undelivered."""
        self.delivery.read += 1
        headers, key = message.headers(), message.key()
        deadline = time.monotonic() + STALL_S
        while not self._why:
            try:
                self._producer.produce(
                    self._topic, stored_value(message), key, headers=headers or [], on_delivery=self._delivered
                )
            except BufferError:
                if time.monotonic() > deadline:
                    self._why = f"no acknowledgement for {STALL_S:.0f} s"
                self._producer.poll(WAIT_S)
            except KafkaException as error:
                self._why = self._reason(error.args[0])
            else:
                self._producer.poll(0)
                return
        raise self._undelivered()

    def finish(self) -> Delivery:
        """Wait for every acknowledgement. Raises Undelivered unless all came."""
        self._flush()
        if self._why or self.delivery.failed or self.delivery.sent < self.delivery.read:
            raise self._undelivered()
        return self.delivery

    def abandon(self) -> Delivery:
        """Stop here: what was handed over still gets its moment, the rest is not sent."""
        self._flush()
        return self.delivery

    def _flush(self) -> None:
        left, heard = len(self._producer), time.monotonic()
        while left and time.monotonic() - heard < STALL_S:
            try:
                now_left = self._producer.flush(WAIT_S)
            except KafkaException as error:
                self._why = self._why or self._reason(error.args[0])
                return
            if now_left < left:
                left, heard = now_left, time.monotonic()

    def _delivered(self, error: KafkaError | None, _message: object) -> None:
        if error is None:
            self.delivery.sent += 1
            return
        self.delivery.failed += 1
        self._why = self._why or self._reason(error)

    def _reason(self, error: KafkaError) -> str:
        # of what was behind the one that is to blame, only the text says why
        if error.name() == "MSG_SIZE_TOO_LARGE" or _TOO_LARGE in error.str():
            return (
                f"a record is larger than topic {self._topic} takes; "
                f"set its max.message.bytes to {OUTPUT_MESSAGE_BYTES_MAX}, as the ledger topic has it"
            )
        refused = refusal(self._kafka, error, Access("Write", "topic", self._topic))
        return str(refused) if refused else f"{error.name()}: {error.str()}"

    def _undelivered(self) -> Undelivered:
        delivery = self.delivery
        return Undelivered(
            f"topic {self._topic}: {delivery.sent:,} of {delivery.read:,} records read were acknowledged, then it "
            f"stopped ({self._why or 'the rest was not acknowledged'})"
        )
