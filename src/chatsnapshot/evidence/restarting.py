"""Beginning the chains of roots anew, after a loss that nobody can undo."""

from pathlib import Path
from time import monotonic, sleep

from confluent_kafka import KafkaException
from confluent_kafka.admin import NewTopic

from chatsnapshot.evidence.root_values import root_values
from chatsnapshot.kafka.admin import ANSWER_TIMEOUT_S, admin_client, cluster_metadata, partition_count, unavailable
from chatsnapshot.kafka.partition_log import reader
from chatsnapshot_schemas.connections import KafkaConnection, TopicNames
from chatsnapshot_schemas.errors import ConfigurationError
from chatsnapshot_schemas.kafka_access import Access
from chatsnapshot_schemas.kafka_admin import ListeningAdmin
from chatsnapshot_schemas.topics import TopicSpec, topic_specs

AGAIN_S = 0.2
"""How often a name that is still being deleted is tried again."""


def restart_roots(kafka: KafkaConnection, names: TopicNames, keep: Path) -> int:
    """Write every root to a new file, delete the topic and make it anew; how many roots were kept.

    Raises ConfigurationError when sequencers run or the file is there already; BrokerUnavailable, AccessRefused.
    """
    admin = admin_client(kafka)
    group = names.sequencer_group
    if admin.describe_consumer_groups([group], request_timeout=ANSWER_TIMEOUT_S)[group].result().members:
        raise ConfigurationError(
            f"sequencers run (group {group}): they would go on with the old chains; stop them first"
        )
    kept = _keep(kafka, names, keep)
    before = cluster_metadata(admin).topics[names.roots]
    copies = len(before.partitions[0].replicas)
    try:
        admin.delete_topics([names.roots], operation_timeout=ANSWER_TIMEOUT_S)[names.roots].result()
    except KafkaException as error:
        raise unavailable(kafka, error, Access("Delete", "topic", names.roots)) from error
    specs = topic_specs(names, len(before.partitions), copies)
    _make(admin, [spec for spec in specs if spec.name == names.roots])
    return kept


def _keep(kafka: KafkaConnection, names: TopicNames, keep: Path) -> int:
    count, kept = partition_count(kafka, names.roots), 0
    consumer = reader(kafka)
    try:
        with keep.open("xb") as file:
            for partition in range(count):
                for value in root_values(consumer, kafka, names, partition):
                    file.write(value + b"\n")
                    kept += 1
    except FileExistsError:
        raise ConfigurationError(f"{keep} is there already: give another name") from None
    finally:
        consumer.close()
    return kept


def _make(admin: ListeningAdmin, specs: list[TopicSpec]) -> None:
    """A topic of a name that is just being deleted is refused for a moment."""
    new = [NewTopic(spec.name, spec.partitions, spec.replication_factor, config=dict(spec.config)) for spec in specs]
    give_up = monotonic() + ANSWER_TIMEOUT_S
    for each in new:
        while True:
            try:
                admin.create_topics([each], operation_timeout=ANSWER_TIMEOUT_S)[each.topic].result()
                break
            except KafkaException as error:
                if monotonic() > give_up:
                    raise ConfigurationError(
                        f"topic {each.topic} cannot be made anew ({error.args[0].str()}): run `chatsnapshot migrate`"
                    ) from error
                sleep(AGAIN_S)
