"""Sends events to Kafka: idempotent, acks=all, in order. The one module here that knows confluent-kafka."""

import ctypes
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from chatsnapshot_producers.spooled_event import SpooledEvent
from chatsnapshot_producers.transport import OnTrouble, Refusal
from chatsnapshot_schemas.avro_schema import envelope_schema
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import BrokerUnavailable, ChatSnapshotError, ConfigurationError
from chatsnapshot_schemas.framing import SINGLE_OBJECT, Framing
from chatsnapshot_schemas.kafka_access import Access, HeardErrors, refusal
from chatsnapshot_schemas.kafka_silence import silent_logger
from chatsnapshot_schemas.partitioning import PARTITIONER

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Producer

MESSAGE_BYTES_MAX = 1_000_000
"""Broker default of max.message.bytes; an envelope at every limit stays below 300 KiB."""
STALL_S = 15.0
"""No acknowledgement for that long: connect anew, the broker may have moved to another address."""
TROUBLE_S = 3.0
"""No acknowledgement for that long is worth a line; a first contact with a busy broker takes a second."""
WAIT_S = 0.1
"""How often a waiting send looks whether it shall stop."""
CLOSE_S = 1.0
QUEUE_FULL_ATTEMPTS_MAX = 1_000

PRODUCER_CONFIG: dict[str, Any] = {
    "enable.idempotence": True,
    "acks": "all",
    "partitioner": PARTITIONER,
    # an event that is given up in the middle of others is an error of the whole producer, never a silent hole:
    # then everything that is not acknowledged is sent again in order by a new one
    "enable.gapless.guarantee": True,
    # librdkafka tries for ever; giving up is decided here, by STALL_S, where the order of resending is known
    "message.timeout.ms": 0,
    "message.max.bytes": MESSAGE_BYTES_MAX,
    # batches are formed by the publisher
    "linger.ms": 1,
    # not lz4 or zstd: aiokafka, under Faust, reads neither without a further package
    "compression.type": "none",
    "reconnect.backoff.ms": 50,
    "reconnect.backoff.max.ms": 1_000,
    "retry.backoff.max.ms": 1_000,
    # a topic that is not there is said after this long
    "topic.metadata.propagation.max.ms": 3_000,
    "delivery.report.only.error": True,
    "log.connection.close": False,
}


REFUSALS = frozenset({"MSG_SIZE_TOO_LARGE", "INVALID_RECORD"})
"""What the broker says about an event, not about itself: sending it again gives the same answer."""
NO_TOPIC = frozenset({"_UNKNOWN_TOPIC", "UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_PARTITION"})
"""The topic is not there, or not all of it."""
_AFTERMATH = frozenset({"_FATAL", "_GAPLESS_GUARANTEE", "_PURGE_QUEUE", "_PURGE_INFLIGHT"})
"""What the others of a batch get when one has failed."""


class KafkaTransport:
    """One producer and one topic. One thread uses it."""

    def __init__(
        self, connection: KafkaConnection, topic: str, framing: Framing, on_trouble: OnTrouble, *, client_id: str
    ) -> None:
        from confluent_kafka import KafkaException  # 30 ms that only a process which sends pays for

        self._kafka_exception = KafkaException
        self._connection = connection
        self._topic = topic
        self._framing = framing
        self._on_trouble = on_trouble
        self._failures: list[KafkaError] = []
        self._config = {
            **connection.client_config(),
            **PRODUCER_CONFIG,
            "client.id": client_id,
            "error_cb": self._hear,
        }
        self._heard = HeardErrors(connection)
        self._producer = self._new_producer()

    def send(self, events: Sequence[SpooledEvent], stopped: Callable[[], bool]) -> list[Refusal]:
        """As `Transport.send`. Raises BrokerUnavailable, AccessRefused, RegistryUnavailable, SchemaRefused.

        The broker refuses whole batches: halves are tried until those that are to blame stand alone.
        """
        refusals, problem = self._attempt(events, stopped)
        if problem is None:
            return refusals
        self._renew()
        if len(events) == 1:
            return [Refusal(events[0], self._why(events[0], problem))]
        middle = len(events) // 2
        return self.send(events[:middle], stopped) + self.send(events[middle:], stopped)

    def close(self) -> None:
        """As `Transport.close`."""
        self._producer.purge()
        self._flush(CLOSE_S)

    def abandon(self) -> None:
        """As `Transport.abandon`: its threads did not come along, so destroying it would wait for them for ever."""
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._producer))

    def _attempt(
        self, events: Sequence[SpooledEvent], stopped: Callable[[], bool]
    ) -> tuple[list[Refusal], "KafkaError | None"]:
        """(events refused here, why the broker refuses some of these). Raises when it cannot say."""
        self._failures.clear()
        self._producer.poll(0)
        self._heard = HeardErrors(self._connection)  # what an idle connection went through is no trouble
        prefixes = {fingerprint: self._prefix(fingerprint) for fingerprint in {event.fingerprint for event in events}}
        handed_over = (self._hand_over(event, prefixes[event.fingerprint] + event.body) for event in events)
        refusals = [refusal for refusal in handed_over if refusal is not None]
        self._wait(stopped)
        if not self._failures:
            return refusals, None
        for problem in self._failures:
            if problem.name() in REFUSALS:
                return [], problem
        said = [problem for problem in self._failures if problem.name() not in _AFTERMATH]
        raise self._unavailable((said or self._failures)[0])

    def _hand_over(self, event: SpooledEvent, value: bytes) -> Refusal | None:
        for _ in range(QUEUE_FULL_ATTEMPTS_MAX):
            try:
                self._producer.produce(self._topic, value, event.key, on_delivery=self._failed)
            except BufferError:
                self._producer.poll(WAIT_S)
            except self._kafka_exception as error:
                problem = error.args[0]
                if problem.name() in REFUSALS:
                    return Refusal(event, self._why(event, problem))
                raise self._unavailable(problem) from error
            else:
                return None
        raise BrokerUnavailable(f"topic {self._topic}: the send queue stays full")

    def _wait(self, stopped: Callable[[], bool]) -> None:
        """Until everything is settled one way or the other."""
        left, heard_at, told = len(self._producer), time.monotonic(), False
        while (now_left := self._flush(WAIT_S)) > 0:
            if now_left < left:
                left, heard_at, told = now_left, time.monotonic(), False
            if self._heard.refusal is not None:
                raise self._heard.refusal
            if stopped():
                raise BrokerUnavailable(f"stopped with {now_left} events not acknowledged")
            waited_s = time.monotonic() - heard_at
            if waited_s > STALL_S:
                raise BrokerUnavailable(self._silence(waited_s))
            if waited_s > TROUBLE_S and not told:
                self._on_trouble(self._silence(waited_s))
                told = True

    def _flush(self, wait_s: float) -> int:
        """How many events are not settled yet. A fatal error is raised once; what failed by it is told after that."""
        try:
            return self._producer.flush(wait_s)
        except self._kafka_exception as error:
            self._failures.append(error.args[0])
            return max(1, len(self._producer))

    def _silence(self, waited_s: float) -> str:
        """What the client heard since the send began; else only that nothing was acknowledged."""
        if self._heard.last:
            return f"Kafka: {self._heard.last}"
        return f"topic {self._topic}: no acknowledgement for {waited_s:.0f} s"

    def _prefix(self, fingerprint: bytes) -> bytes:
        schema = envelope_schema()
        if fingerprint == schema.fingerprint:
            return self._framing.prefix(self._topic, schema)
        # spooled by another version: readers of either framing take this one too
        return SINGLE_OBJECT + fingerprint

    def _renew(self) -> None:
        """A refusal in the middle of a batch ends an idempotent producer without gaps."""
        self.close()
        self._producer = self._new_producer()

    def _new_producer(self) -> "Producer":
        from confluent_kafka import Producer

        try:
            return Producer(self._config, logger=silent_logger())
        except self._kafka_exception as error:
            raise ConfigurationError(f"Kafka client: {error.args[0].str()}") from error

    def _failed(self, error: "KafkaError | None", _message: object) -> None:
        if error is not None:
            self._failures.append(error)

    def _hear(self, error: "KafkaError") -> None:
        self._heard(error)

    def _unavailable(self, problem: "KafkaError") -> ChatSnapshotError:
        # an account that may write to no topic at all is refused as an idempotent producer, in the cluster's name
        refused = refusal(self._connection, problem, Access("Write", "topic", self._topic))
        if refused is not None:
            return refused
        if problem.name() in NO_TOPIC:
            return BrokerUnavailable(f"topic {self._topic} does not exist; `chatsnapshot migrate` makes it")
        return BrokerUnavailable(f"topic {self._topic}: {problem.name()}: {problem.str()}")

    def _why(self, event: SpooledEvent, problem: "KafkaError") -> str:
        size = len(event.key) + len(event.body)
        return f"payload: the broker does not take an event of {size} bytes ({problem.name()}: {problem.str()})"
