"""The admin client that every role asks: quiet on the terminal, and it knows why it gets no answer."""

from collections.abc import Mapping
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata

from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import ConfigurationError
from chatsnapshot_schemas.kafka_access import HeardErrors, wait_for_answer
from chatsnapshot_schemas.kafka_silence import silent_logger
from chatsnapshot_schemas.known_brokers import KnownBrokers


class ListeningAdmin(AdminClient):
    """An admin client with what was heard beside its answers. Raises ConfigurationError.

    One that lives long is given its `brokers`, and `check_brokers` is called now and then.
    """

    def __init__(
        self, kafka: KafkaConnection, config: Mapping[str, Any] | None = None, brokers: KnownBrokers | None = None
    ) -> None:
        self.kafka = kafka
        self.heard = HeardErrors(kafka)
        self._brokers = brokers
        listening: dict[str, Any] = {**kafka.client_config(), **(config or {}), "error_cb": self.heard}
        if brokers is not None:
            listening |= brokers.client_config()
        try:
            super().__init__(listening, logger=silent_logger())
        except KafkaException as error:
            kafka.ssl_context()  # says more of certificates than the client does
            raise ConfigurationError(f"Kafka client: {error.args[0].str()}") from error

    def check_brokers(self) -> None:
        """Hear what the client reports by itself. Raises BrokerUnavailable when nothing but a new client helps."""
        self.poll(0)
        if self._brokers is not None:
            self._brokers.check()

    def metadata(self, within_s: float) -> ClusterMetadata:
        """Brokers and the topics that this account may see. Raises AccessRefused, BrokerUnavailable."""
        found: ClusterMetadata = wait_for_answer(self, self.heard, within_s)
        return found
