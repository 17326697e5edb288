"""The topic that a replay writes to: never one of the installation's own, and there before the first record."""

from confluent_kafka import KafkaException
from confluent_kafka.admin import NewTopic

from chatsnapshot.kafka.admin import ANSWER_TIMEOUT_S, admin_client, cluster_metadata
from chatsnapshot_schemas.connections import KafkaConnection, TopicNames
from chatsnapshot_schemas.errors import ConfigurationError, TopicMismatch
from chatsnapshot_schemas.topics import OUTPUT_MESSAGE_BYTES_MAX


def check_is_foreign(topic: str, own: TopicNames) -> None:
    """Raise ConfigurationError for a topic that the installation itself lives on."""
    if topic in own.all():
        raise ConfigurationError(
            f"--to: {topic} is one of this installation's own topics ({', '.join(own.all())}); "
            "history may only be replayed to another topic"
        )
    if topic.startswith("__"):
        raise ConfigurationError(f"--to: {topic} belongs to Kafka itself; choose another topic")


def ensure_topic(kafka: KafkaConnection, topic: str, *, create: bool, partitions: int, replication_factor: int) -> None:
    """Find the topic, or make it. Raises TopicMismatch when it is absent and shall not be made."""
    admin = admin_client(kafka)
    if topic in cluster_metadata(admin).topics:
        return
    if not create:
        raise TopicMismatch(
            f"--to: topic {topic} does not exist; --create makes it, with {partitions} partitions as the ledger has"
        )
    config = {"max.message.bytes": str(OUTPUT_MESSAGE_BYTES_MAX)}
    new = NewTopic(topic, partitions, replication_factor, config=config)
    try:
        admin.create_topics([new], operation_timeout=ANSWER_TIMEOUT_S)[topic].result()
    except KafkaException as error:
        raise ConfigurationError(f"--to: topic {topic} cannot be created: {error.args[0].str()}") from error
