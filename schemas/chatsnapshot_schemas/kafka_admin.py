"""The admin client that every role asks: quiet on the terminal, and it knows why it gets no answer."""

from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata

from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import ConfigurationError
from chatsnapshot_schemas.kafka_access import HeardErrors, wait_for_answer
from chatsnapshot_schemas.kafka_silence import silent_logger


class ListeningAdmin(AdminClient):
    """An admin client with what was heard beside its answers. Raises ConfigurationError."""

    def __init__(self, kafka: KafkaConnection, **config: Any) -> None:
        self.kafka = kafka
        self.heard = HeardErrors(kafka)
        listening: dict[str, Any] = {**kafka.client_config(), **config, "error_cb": self.heard}
        try:
            super().__init__(listening, logger=silent_logger())
        except KafkaException as error:
            kafka.ssl_context()  # says more of certificates than the client does
            raise ConfigurationError(f"Kafka client: {error.args[0].str()}") from error

    def metadata(self, within_s: float) -> ClusterMetadata:
        """Brokers and the topics that this account may see. Raises AccessRefused, BrokerUnavailable."""
        found: ClusterMetadata = wait_for_answer(self, self.heard, within_s)
        return found
