"""The topics of an installation as the broker describes them, and whether a sequencer can work on them."""

from collections.abc import Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import ConfigResource, ResourceType, TopicDescription

from chatsnapshot_schemas.connections import TopicNames
from chatsnapshot_schemas.errors import TopicMismatch
from chatsnapshot_schemas.kafka_access import Access, refusal
from chatsnapshot_schemas.kafka_admin import ListeningAdmin
from chatsnapshot_schemas.topics import OUTPUT_HEADROOM_BYTES, QUARANTINE_MESSAGE_BYTES_MAX

_TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class InputTopic:
    """The events topic, and the cluster and ledger topic that cached state belongs to."""

    topic_id: str
    partitions: int
    message_bytes_max: int
    cluster_id: str
    ledger_topic_id: str


def describe(admin: ListeningAdmin, topics: TopicNames) -> InputTopic:
    """Ask the broker and check. Raises TopicMismatch with the way out, BrokerUnavailable, AccessRefused."""
    admin.metadata(_TIMEOUT_S)
    try:
        described = _described(admin, topics.sequenced())
        settings = {name: _settings(admin, name) for name in topics.sequenced()}
        cluster = admin.describe_cluster(request_timeout=_TIMEOUT_S).result()
    except KafkaException as error:
        raise admin.heard.unavailable(f"about its topics: {error.args[0].str()}") from error
    _check_partitions(topics, described)
    input_bytes_max = int(settings[topics.events]["max.message.bytes"])
    _check_settings(topics, settings, input_bytes_max)
    return InputTopic(
        topic_id=str(described[topics.events].topic_id),
        partitions=len(described[topics.events].partitions),
        message_bytes_max=input_bytes_max,
        cluster_id=str(cluster.cluster_id),
        ledger_topic_id=str(described[topics.ledger].topic_id),
    )


def topic_id(admin: ListeningAdmin, topic: str) -> str:
    """The id that a topic has now. Raises TopicMismatch when there is none, BrokerUnavailable, AccessRefused."""
    try:
        return str(_described(admin, [topic])[topic].topic_id)
    except KafkaException as error:
        raise admin.heard.unavailable(f"about {topic}: {error.args[0].str()}") from error


def _described(admin: ListeningAdmin, names: Sequence[str]) -> dict[str, TopicDescription]:
    futures = admin.describe_topics(TopicCollection(list(names)), request_timeout=_TIMEOUT_S)
    found = {}
    for name, future in futures.items():
        try:
            found[name] = future.result()
        except KafkaException as error:
            _refuse(admin, error, Access("Describe", "topic", name))
            if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise
            raise TopicMismatch(f"there is no topic {name}: run `chatsnapshot migrate`") from None
    return found


def _settings(admin: ListeningAdmin, topic: str) -> dict[str, str]:
    resource = ConfigResource(ResourceType.TOPIC, topic)
    try:
        entries = admin.describe_configs([resource], request_timeout=_TIMEOUT_S)[resource].result()
    except KafkaException as error:
        _refuse(admin, error, Access("DescribeConfigs", "topic", topic))
        raise
    return {name: entry.value for name, entry in entries.items()}


def _refuse(admin: ListeningAdmin, error: KafkaException, wanted: Access) -> None:
    """Raise AccessRefused when that is what the error means."""
    refused = refusal(admin.kafka, error.args[0], wanted)
    if refused is not None:
        raise refused from error


def _check_partitions(topics: TopicNames, described: dict[str, TopicDescription]) -> None:
    counts = {name: len(description.partitions) for name, description in described.items()}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise TopicMismatch(
            f"the topics must have equally many partitions ({listed}), and Kafka takes none away: copy what "
            f"{topics.events} holds, delete it, run `chatsnapshot migrate`, which makes it anew with "
            f"{counts[topics.ledger]} partitions in a new epoch, and send the copy again; what was recorded already "
            "is dropped as a duplicate"
        )


def _check_settings(topics: TopicNames, settings: dict[str, dict[str, str]], input_bytes_max: int) -> None:
    if settings[topics.events]["message.timestamp.type"] != "LogAppendTime":
        raise TopicMismatch(
            f"{topics.events} must have message.timestamp.type=LogAppendTime: run `chatsnapshot migrate`"
        )
    output_bytes_max = input_bytes_max + OUTPUT_HEADROOM_BYTES
    for name in (topics.ledger, topics.quarantine, topics.state):
        allowed, needed = int(settings[name]["max.message.bytes"]), output_bytes_max
        if name == topics.quarantine:
            needed = max(needed, QUARANTINE_MESSAGE_BYTES_MAX)
        if allowed < needed:
            raise TopicMismatch(
                f"{name} takes messages of {allowed} bytes; with an input of {input_bytes_max} it must take {needed} "
                "(max.message.bytes): run `chatsnapshot migrate`"
            )
