"""The producer that all requests of an ingest share: idempotent, acks=all, in order. Reports wake the requests.

It never gives up an event by itself: what was handed over stays in order and arrives when the broker is back, also
after its request was told that the fate is unknown. Giving up in the middle would let later events pass it.
"""

import logging
import time
from collections.abc import Sequence
from functools import partial
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from chatsnapshot_producers.ingest_delivery import Delivery, Problem
from chatsnapshot_producers.ingest_reading import Proposed
from chatsnapshot_producers.ingest_silence import Silence
from chatsnapshot_producers.kafka_transport import (
    CLOSE_S,
    NO_TOPIC,
    PRODUCER_CONFIG,
    REFUSALS,
    WAIT_S,
)
from chatsnapshot_schemas.avro_schema import envelope_schema
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import BrokerUnavailable, ConfigurationError
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.kafka_access import Access, HeardErrors, refusal
from chatsnapshot_schemas.kafka_silence import silent_logger
from chatsnapshot_schemas.known_brokers import KnownBrokers

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Producer

FLUSH_S = 1.0
"""When the server ends, requests are answered already: what is left had an unknown fate anyway."""

_CONFIG: dict[str, Any] = {
    **PRODUCER_CONFIG,
    "delivery.report.only.error": False,
    # one client's event that the broker refuses must not end the producer of all others
    "enable.gapless.guarantee": False,
}

log = logging.getLogger("chatsnapshot.ingest")


class IngestProducer:
    """One producer and one topic; any thread may hand over, and one of its own serves the reports."""

    def __init__(
        self, connection: KafkaConnection, topic: str, framing: Framing, *, silent_s: float, queue_events_max: int
    ) -> None:
        from confluent_kafka import KafkaException

        self._kafka_exception = KafkaException
        self._connection = connection
        self._topic = topic
        self._framing = framing
        self._silent_s = silent_s
        self._config = {
            **connection.client_config(),
            **_CONFIG,
            "queue.buffering.max.messages": queue_events_max,
            "client.id": "chatsnapshot-ingest",
            "error_cb": self._hear,
        }
        self._prefix: bytes | None = None
        self._heard = HeardErrors(connection)
        self._silence = Silence(silent_s)
        self._brokers = KnownBrokers()
        self._broken, self._stopping = Event(), Event()
        self._producer = self.new_producer(**self._brokers.client_config())
        self._thread = Thread(target=self._serve, name="chatsnapshot-ingest", daemon=True)

    def start(self) -> None:
        """Serve reports from now on."""
        self._thread.start()

    def close(self) -> None:
        """Give what is on its way a last chance, then end. Bounded by FLUSH_S."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(FLUSH_S)
        self._producer.flush(FLUSH_S)
        self._producer.purge()

    @property
    def is_prepared(self) -> bool:
        """Whether the registry, if there is one, knows the schema."""
        return self._prefix is not None

    def prepare(self) -> None:
        """Ask the registry, if there is one. Blocks. Raises RegistryUnavailable, SchemaRefused."""
        self._prefix = self._framing.prefix(self._topic, envelope_schema())

    def check(self) -> None:
        """Raise BrokerUnavailable while nothing is acknowledged: more events would only pile up behind the others."""
        if not self._silence.lets_through(time.monotonic(), len(self._producer)):
            raise BrokerUnavailable(self.silence(self._silent_s))

    def hand_over(self, events: Sequence[Proposed], delivery: Delivery) -> None:
        """Queue the events in this order; `delivery` hears of each. Returns at once. `prepare` comes before."""
        assert self._prefix is not None
        producer, prefix = self._producer, self._prefix
        if not len(producer):
            self._silence.settled(time.monotonic())
        for index, event in enumerate(events):
            report = partial(self._reported, delivery, index)
            try:
                producer.produce(self._topic, prefix + event.body, event.key, on_delivery=report)
            except (BufferError, self._kafka_exception) as error:
                # those after it are not sent either: they must not pass it
                return delivery.settle_from(index, self._not_taken(error))

    def send_alone(self, events: Sequence[Proposed], within_s: float) -> list[Problem | None]:
        """Send events that the broker refused, each in a batch of its own: it refuses whole batches. Blocks.

        Afterwards those that are to blame are known; their neighbours are delivered, in order among themselves.
        """
        assert self._prefix is not None
        alone = self.new_producer(**{"batch.num.messages": 1, "error_cb": _ignored})
        deadline = time.monotonic() + within_s
        found: list[Problem | None] = []
        for event in events:
            said: list[Problem | None] = []
            alone.produce(self._topic, self._prefix + event.body, event.key, on_delivery=partial(self._said, said))
            alone.flush(max(0.0, deadline - time.monotonic()))
            found.append(said[0] if said else Problem(self.silence(within_s), refused=False))
        alone.purge()
        return found

    def ready(self, timeout_s: float) -> None:
        """Ask the broker for the topic. Blocks. Raises BrokerUnavailable, AccessRefused."""
        try:
            known = self._producer.list_topics(timeout=timeout_s).topics
        except self._kafka_exception as error:
            raise self._heard.unavailable(error.args[0].str()) from None
        if self._topic not in known:
            raise BrokerUnavailable(self._no_topic())

    def silence(self, silent_s: float) -> str:
        """What is known about a broker that does not acknowledge."""
        heard = str(self._heard.refusal or self._heard.last)
        return f"the broker has not acknowledged within {silent_s:g} s{f' ({heard})' if heard else ''}"

    def new_producer(self, **more: Any) -> "Producer":
        """Another producer with the same settings, and `more`. Raises ConfigurationError."""
        from confluent_kafka import Producer

        try:
            return Producer({**self._config, **more}, logger=silent_logger())
        except self._kafka_exception as error:
            raise ConfigurationError(f"Kafka client: {error.args[0].str()}") from error

    def problem(self, error: "KafkaError") -> Problem:
        """What a report says, in words."""
        if error.name() in NO_TOPIC:
            return Problem(self._no_topic(), refused=False)
        refused = refusal(self._connection, error, Access("Write", "topic", self._topic))
        if refused is not None:
            return Problem(str(refused), refused=False)
        return Problem(f"the broker says {error.name()}: {error.str()}", refused=error.name() in REFUSALS)

    def _no_topic(self) -> str:
        return f"topic {self._topic} does not exist; `chatsnapshot migrate` makes it"

    def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                self._producer.poll(WAIT_S)
                if self._broken.is_set() or self._brokers.all_forgotten:
                    self._renew()
            except Exception as error:  # without this thread no request would ever hear of its events
                log.warning("serving reports of the broker: %s", error)
                self._broken.set()
                self._stopping.wait(CLOSE_S)

    def _renew(self) -> None:
        """The producer cannot go on: nobody knows what became of the events in it, and each request is told so."""
        why = "it has forgotten every broker" if self._brokers.all_forgotten else self._heard.last
        log.warning("the Kafka producer is replaced: %s", why)
        self._brokers = KnownBrokers()
        broken, self._producer = self._producer, self.new_producer(**self._brokers.client_config())
        self._broken.clear()
        broken.purge()
        try:
            broken.flush(CLOSE_S)
        except self._kafka_exception as error:
            log.debug("the producer that is replaced says %s", error)

    def _reported(self, delivery: Delivery, index: int, error: "KafkaError | None", _message: object) -> None:
        self._silence.settled(time.monotonic())
        if error is None and self._heard.last:
            self._heard = HeardErrors(self._connection)  # what went wrong before is over
        delivery.settle(index, None if error is None else self.problem(error))

    def _said(self, said: list[Problem | None], error: "KafkaError | None", _message: object) -> None:
        said.append(None if error is None else self.problem(error))

    def _hear(self, error: "KafkaError") -> None:
        self._heard(error)
        if error.fatal() or error.name() == "_FATAL":
            self._broken.set()

    def _not_taken(self, error: Exception) -> Problem:
        if isinstance(error, BufferError):
            return Problem("the queue to the broker is full", refused=False)
        return self.problem(error.args[0])


def _ignored(_error: object) -> None:
    """The shared producer tells of the broker's troubles."""
