"""Topics as `topics.topic_specs` wants them: made when absent, settings mended, a wrong partition count refused."""

from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ClusterMetadata,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from chatsnapshot.kafka.admin import ANSWER_TIMEOUT_S
from chatsnapshot_schemas.errors import ConfigurationError, TopicMismatch
from chatsnapshot_schemas.topics import TopicSpec


@dataclass(frozen=True, slots=True)
class TopicStep:
    """One thing that migrate did, or would do."""

    topic: str
    action: str


def migrate_topics(
    admin: AdminClient, metadata: ClusterMetadata, specs: tuple[TopicSpec, ...], *, dry_run: bool
) -> list[TopicStep]:
    """Bring the topics to their specs. Raises TopicMismatch before anything is changed."""
    existing = [spec for spec in specs if spec.name in metadata.topics]
    for spec in existing:
        _check_partitions(spec, len(metadata.topics[spec.name].partitions))
    missing = [spec for spec in specs if spec.name not in metadata.topics]
    steps = [TopicStep(spec.name, f"create with {spec.partitions} partitions") for spec in missing]
    if missing and not dry_run:
        _create(admin, missing)
    for spec in existing:
        steps += _mend_config(admin, spec, dry_run=dry_run)
    return steps


def _check_partitions(spec: TopicSpec, found: int) -> None:
    if found != spec.partitions:
        raise TopicMismatch(
            f"topic {spec.name} has {found} partitions, the settings say {spec.partitions}: keys would move between "
            f"partitions and split runs. Set CHATSNAPSHOT_PARTITIONS={found}, or take a new CHATSNAPSHOT_TOPIC_PREFIX"
        )


def _create(admin: AdminClient, specs: list[TopicSpec]) -> None:
    new = [NewTopic(spec.name, spec.partitions, spec.replication_factor, config=spec.config) for spec in specs]
    for name, future in admin.create_topics(new, operation_timeout=ANSWER_TIMEOUT_S).items():
        try:
            future.result()
        except KafkaException as error:
            # another migrate was faster: what it made is checked by the next run
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise ConfigurationError(f"topic {name} cannot be created: {error.args[0].str()}") from error


def _mend_config(admin: AdminClient, spec: TopicSpec, *, dry_run: bool) -> list[TopicStep]:
    resource = ConfigResource(ResourceType.TOPIC, spec.name)
    found = admin.describe_configs([resource])[resource].result(ANSWER_TIMEOUT_S)
    wrong = {name: value for name, value in spec.config.items() if found[name].value != value}
    if wrong and not dry_run:
        entries = [
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in wrong.items()
        ]
        change = ConfigResource(ResourceType.TOPIC, spec.name, incremental_configs=entries)
        admin.incremental_alter_configs([change])[change].result(ANSWER_TIMEOUT_S)
    return [TopicStep(spec.name, f"set {name} to {value} (was {found[name].value})") for name, value in wrong.items()]
