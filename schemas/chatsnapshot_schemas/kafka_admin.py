"""The admin client that every role asks: quiet on the terminal, and it knows why it gets no answer."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata

from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import BrokerUnavailable, ConfigurationError
from chatsnapshot_schemas.kafka_access import HeardErrors, wait_for_answer
from chatsnapshot_schemas.kafka_silence import silent_logger


class ListeningAdmin(AdminClient):
    """An admin client with what was heard beside its answers. Raises ConfigurationError."""

    def __init__(self, kafka: KafkaConnection, config: Mapping[str, Any] | None = None) -> None:
        self.kafka = kafka
        self.heard = HeardErrors(kafka)
        listening: dict[str, Any] = {**kafka.client_config(), **(config or {}), "error_cb": self.heard}
        try:
            super().__init__(listening, logger=silent_logger())
        except KafkaException as error:
            kafka.ssl_context()  # says more of certificates than the client does
            raise ConfigurationError(f"Kafka client: {error.args[0].str()}") from error

    def metadata(self, within_s: float) -> ClusterMetadata:
        """Brokers and the topics that this account may see. Raises AccessRefused, BrokerUnavailable."""
        found: ClusterMetadata = wait_for_answer(self, self.heard, within_s)
        return found


class LastingAdmin:
    """An admin client for as long as a process lives; threads may share it.

    After a question that was not answered the next one is asked by a new client: one whose broker was silent for a
    while may never find it again (docs/decisions/0021).
    """

    def __init__(self, kafka: KafkaConnection) -> None:
        self._kafka = kafka
        self._lock = Lock()
        self._admin: ListeningAdmin | None = None

    @contextmanager
    def asked(self) -> Iterator[ListeningAdmin]:
        """The client for one question, which raises BrokerUnavailable or KafkaException when it fails."""
        with self._lock:
            if self._admin is None:  # not by its truth: it has a length, and that may be 0
                self._admin = ListeningAdmin(self._kafka)
            admin = self._admin
        try:
            yield admin
        except (BrokerUnavailable, KafkaException):
            with self._lock:
                if self._admin is admin:
                    self._admin = None
            raise
