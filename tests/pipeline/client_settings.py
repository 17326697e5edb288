"""Other settings for every Kafka client of this process that the product makes from now on."""

from typing import Any

from chatsnapshot_schemas.connections import KafkaConnection

_usual = KafkaConnection.client_config


def add_client_settings(settings: dict[str, Any]) -> None:
    """Of librdkafka, over those of the product."""

    def changed(kafka: KafkaConnection, *, transactional: bool = False) -> dict[str, Any]:
        return _usual(kafka, transactional=transactional) | settings

    KafkaConnection.client_config = changed  # type: ignore[method-assign]
