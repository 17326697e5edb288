"""One place for the admin client: metadata, topic ids, and errors in the project's own words."""

import logging
from collections.abc import Iterable
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata

from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import BrokerUnavailable, TopicMismatch

ANSWER_TIMEOUT_S = 10.0
"""Long enough for a broker that elects a leader, short enough for a person who waits."""


def admin_client(kafka: KafkaConnection) -> AdminClient:
    """An admin client that keeps librdkafka's own chatter out of the terminal."""
    silent = logging.getLogger("chatsnapshot.kafka.librdkafka")
    silent.propagate = False
    silent.addHandler(logging.NullHandler())
    return AdminClient({**kafka.client_config(), "socket.timeout.ms": int(ANSWER_TIMEOUT_S * 1000)}, logger=silent)


def cluster_metadata(admin: AdminClient, kafka: KafkaConnection) -> ClusterMetadata:
    """Topics and partitions. Raises BrokerUnavailable."""
    try:
        return admin.list_topics(timeout=ANSWER_TIMEOUT_S)
    except KafkaException as error:
        raise unavailable(kafka, error) from error


def topic_ids(admin: AdminClient, names: Iterable[str]) -> dict[str, str]:
    """The broker's id of each topic; a topic that was deleted and made again has another one."""
    from confluent_kafka import TopicCollection

    found = admin.describe_topics(TopicCollection(list(names)), request_timeout=ANSWER_TIMEOUT_S)
    try:
        return {name: str(future.result().topic_id) for name, future in found.items()}
    except KafkaException as error:
        raise TopicMismatch(f"topics cannot be described: {error.args[0].str()}; run chatsnapshot migrate") from error


def unavailable(kafka: KafkaConnection, error: KafkaException) -> BrokerUnavailable:
    """The error that a person can act on."""
    reason: Any = error.args[0]
    text = reason.str() if hasattr(reason, "str") else str(error)
    return BrokerUnavailable(
        f"Kafka at {kafka.bootstrap_servers} does not answer ({text}); "
        "check CHATSNAPSHOT_KAFKA_BOOTSTRAP_SERVERS, or start the local stack: chatsnapshot up"
    )
