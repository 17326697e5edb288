"""Topics as `topics.topic_specs` wants them: made when absent, settings mended, a wrong partition count refused."""

from dataclasses import dataclass
from time import monotonic, sleep

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AlterConfigOpType,
    ClusterMetadata,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from chatsnapshot.kafka.admin import ANSWER_TIMEOUT_S, unavailable
from chatsnapshot_schemas.errors import ConfigurationError, TopicMismatch
from chatsnapshot_schemas.kafka_access import Access, refusal
from chatsnapshot_schemas.kafka_admin import ListeningAdmin
from chatsnapshot_schemas.topics import TopicSpec

KNOWN_POLL_S = 0.05
"""How often a new topic is looked for; on an idle machine it is there at the first look."""


@dataclass(frozen=True, slots=True)
class TopicStep:
    """One thing that migrate did, or would do."""

    topic: str
    action: str


def migrate_topics(
    admin: ListeningAdmin, metadata: ClusterMetadata, specs: tuple[TopicSpec, ...], *, dry_run: bool
) -> list[TopicStep]:
    """Bring the topics to their specs. Raises TopicMismatch before anything is changed, AccessRefused."""
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


def _create(admin: ListeningAdmin, specs: list[TopicSpec]) -> None:
    new = [NewTopic(spec.name, spec.partitions, spec.replication_factor, config=spec.config) for spec in specs]
    for name, future in admin.create_topics(new, operation_timeout=ANSWER_TIMEOUT_S).items():
        try:
            future.result()
        except KafkaException as error:
            # another migrate was faster: what it made is checked by the next run
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                _refuse(admin, error, "Create", name)
                raise ConfigurationError(f"topic {name} cannot be created: {error.args[0].str()}") from error
    _wait_until_known(admin, {spec.name for spec in specs})


def _wait_until_known(admin: ListeningAdmin, names: set[str]) -> None:
    """A topic is made a moment before the broker can describe it, and a busy machine makes that moment long."""
    give_up = monotonic() + ANSWER_TIMEOUT_S
    while not names <= set(admin.list_topics(timeout=ANSWER_TIMEOUT_S).topics) and monotonic() < give_up:
        sleep(KNOWN_POLL_S)


def _mend_config(admin: ListeningAdmin, spec: TopicSpec, *, dry_run: bool) -> list[TopicStep]:
    resource = ConfigResource(ResourceType.TOPIC, spec.name)
    try:
        found = admin.describe_configs([resource])[resource].result(ANSWER_TIMEOUT_S)
    except KafkaException as error:
        _refuse(admin, error, "DescribeConfigs", spec.name)
        raise unavailable(admin.kafka, error) from error
    wrong = {name: value for name, value in spec.config.items() if found[name].value != value}
    if wrong and not dry_run:
        entries = [
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in wrong.items()
        ]
        change = ConfigResource(ResourceType.TOPIC, spec.name, incremental_configs=entries)
        try:
            admin.incremental_alter_configs([change])[change].result(ANSWER_TIMEOUT_S)
        except KafkaException as error:
            _refuse(admin, error, "AlterConfigs", spec.name)
            raise unavailable(admin.kafka, error) from error
    return [TopicStep(spec.name, f"set {name} to {value} (was {found[name].value})") for name, value in wrong.items()]


def _refuse(admin: ListeningAdmin, error: KafkaException, operation: str, topic: str) -> None:
    """Raise AccessRefused when that is what the error means."""
    refused = refusal(admin.kafka, error.args[0], Access(operation, "topic", topic))
    if refused is not None:
        raise refused from error
