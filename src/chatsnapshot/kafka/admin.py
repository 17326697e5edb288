"""One place for the admin client: metadata, topic ids, and errors in the project's own words."""

from collections.abc import Iterable
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import ClusterMetadata

from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import ChatSnapshotError, TopicMismatch
from chatsnapshot_schemas.kafka_access import Access, refusal, unreachable
from chatsnapshot_schemas.kafka_admin import ListeningAdmin

ANSWER_TIMEOUT_S = 10.0
"""Long enough for a broker that elects a leader, short enough for a person who waits."""


def admin_client(kafka: KafkaConnection) -> ListeningAdmin:
    """An admin client that keeps librdkafka's own chatter out of the terminal."""
    return ListeningAdmin(kafka, {"socket.timeout.ms": int(ANSWER_TIMEOUT_S * 1000)})


def cluster_metadata(admin: ListeningAdmin) -> ClusterMetadata:
    """Topics and partitions. Raises BrokerUnavailable, AccessRefused."""
    return admin.metadata(ANSWER_TIMEOUT_S)


def partition_count(kafka: KafkaConnection, topic: str) -> int:
    """How many partitions a topic has. Raises BrokerUnavailable, AccessRefused, TopicMismatch when it is not there."""
    admin = admin_client(kafka)
    found = cluster_metadata(admin).topics.get(topic)
    if found is None:
        topic_ids(admin, [topic])  # what may not be seen is not listed either: asked for by name, the broker says why
        raise _absent(topic)
    return len(found.partitions)


def topic_ids(admin: ListeningAdmin, names: Iterable[str]) -> dict[str, str]:
    """The broker's id of each topic; a topic that was deleted and made again has another one."""
    from confluent_kafka import TopicCollection

    found = admin.describe_topics(TopicCollection(list(names)), request_timeout=ANSWER_TIMEOUT_S)
    ids = {}
    for name, future in found.items():
        try:
            ids[name] = str(future.result().topic_id)
        except KafkaException as error:
            if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise _absent(name) from error
            raise unavailable(admin.kafka, error, Access("Describe", "topic", name)) from error
    return ids


def _absent(topic: str) -> TopicMismatch:
    return TopicMismatch(f"topic {topic} does not exist: chatsnapshot migrate creates it")


def unavailable(kafka: KafkaConnection, error: KafkaException, wanted: Access | None = None) -> ChatSnapshotError:
    """The error that a person can act on; `wanted` is what was tried. AccessRefused or BrokerUnavailable."""
    reason: Any = error.args[0]
    if not hasattr(reason, "name"):
        return unreachable(kafka, str(error))
    return refusal(kafka, reason, wanted) or unreachable(kafka, reason.str())
