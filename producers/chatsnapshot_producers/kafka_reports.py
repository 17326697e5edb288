"""Writes source reports to their topic, through a client of its own: an error here must not end that of the events."""

import ctypes
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chatsnapshot_producers.kafka_transport import NO_TOPIC
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import BrokerUnavailable, ChatSnapshotError, ConfigurationError
from chatsnapshot_schemas.kafka_access import Access, HeardErrors, refusal
from chatsnapshot_schemas.kafka_silence import silent_logger
from chatsnapshot_schemas.partitioning import PARTITIONER
from chatsnapshot_schemas.source_reports import SourceReport, encode_report

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

QUEUED_MAX = 200_000
"""Reports on their way; more than one process makes at once. About 80 MB, with 20,000 runs at a time a tenth of it."""
GIVE_UP_MS = 10_000
"""A report that is not there by then is made anew at the next occasion."""
NO_TOPIC_MS = 3_000

_CONFIG: dict[str, Any] = {
    "acks": "all",
    "partitioner": PARTITIONER,
    # one at a time: a report that is sent again must not come after the one that replaces it
    "max.in.flight.requests.per.connection": 1,
    "message.timeout.ms": GIVE_UP_MS,
    # ids and member names repeat: a tenth of the size, and no Faust reads this topic
    "compression.type": "lz4",
    "topic.metadata.propagation.max.ms": NO_TOPIC_MS,
    "log.connection.close": False,
}


class KafkaReports:
    """As `ReportChannel`: the client delivers in the background."""

    def __init__(self, connection: KafkaConnection, topic: str, *, client_id: str) -> None:
        from confluent_kafka import KafkaException, Producer

        self._kafka_exception = KafkaException
        self._connection = connection
        self._topic = topic
        self._heard = HeardErrors(connection)
        self._failure: KafkaError | None = None
        config = {
            **connection.client_config(),
            **_CONFIG,
            "queue.buffering.max.messages": QUEUED_MAX,
            "client.id": client_id,
            "error_cb": self._heard,
        }
        try:
            self._producer = Producer(config, logger=silent_logger())
        except KafkaException as error:
            raise ConfigurationError(f"Kafka client: {error.args[0].str()}") from error

    def send(self, reports: Sequence[SourceReport]) -> None:
        """As `ReportChannel.send`; does not wait. Raises BrokerUnavailable, AccessRefused."""
        for report in reports:
            try:
                self._producer.produce(self._topic, encode_report(report), report.key, on_delivery=self._delivered)
            except BufferError:
                raise BrokerUnavailable(f"topic {self._topic}: {QUEUED_MAX:,} reports are on their way") from None
            except self._kafka_exception as error:
                raise self._unavailable(error.args[0]) from error
        self._producer.poll(0)

    def settled(self, within_s: float) -> bool:
        """As `ReportChannel.settled`. Raises BrokerUnavailable, AccessRefused."""
        left = self._producer.flush(within_s)
        failure, self._failure = self._failure, None
        if failure is not None:
            raise self._unavailable(failure)
        if left and self._heard.refusal is not None:
            raise self._heard.refusal
        return not left

    def close(self) -> None:
        """As `ReportChannel.close`."""
        self._producer.purge()
        self._producer.flush(0)

    def abandon(self) -> None:
        """As `ReportChannel.abandon`: its threads did not come along, so destroying it would wait for them for ever."""
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._producer))

    def _delivered(self, error: "KafkaError | None", _message: object) -> None:
        if error is not None:
            self._failure = self._failure or error

    def _unavailable(self, problem: "KafkaError") -> ChatSnapshotError:
        refused = refusal(self._connection, problem, Access("Write", "topic", self._topic))
        if refused is not None:
            return refused
        if problem.name() in NO_TOPIC:
            return BrokerUnavailable(f"topic {self._topic} does not exist; `chatsnapshot migrate` makes it")
        return BrokerUnavailable(f"topic {self._topic}: {problem.name()}: {problem.str()}")
