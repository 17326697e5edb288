"""Topics and epochs on the real broker."""

import uuid

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from chatsnapshot.kafka.admin import admin_client, topic_ids
from chatsnapshot.kafka.epochs import known_epochs
from chatsnapshot.migration import migrate_kafka
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import BrokerUnavailable, TopicMismatch
from chatsnapshot_schemas.state_entries import EpochEntry


@pytest.fixture
def settings(kafka_bootstrap: str) -> Settings:
    prefix = f"t{uuid.uuid4().hex[:8]}"
    return Settings(kafka_bootstrap_servers=kafka_bootstrap, topic_prefix=prefix, partitions=3)


def test_a_dry_run_changes_nothing(settings: Settings) -> None:
    steps = migrate_kafka(settings, dry_run=True)
    assert [step.what for step in steps] == [f"topic {name}" for name in settings.topics().all()] + ["epoch"]
    admin = admin_client(KafkaConnection(bootstrap_servers=settings.kafka_bootstrap_servers or ""))
    assert not set(settings.topics().all()) & set(admin.list_topics(timeout=10).topics)


def test_topics_have_the_settings_that_guarantees_rest_on(settings: Settings) -> None:
    migrate_kafka(settings, dry_run=False)
    assert migrate_kafka(settings, dry_run=False) == []
    names = settings.topics()
    config = topic_config(settings, names.events)
    assert (config["message.timestamp.type"], config["cleanup.policy"]) == ("LogAppendTime", "delete")
    assert topic_config(settings, names.ledger)["retention.ms"] == "-1"
    assert topic_config(settings, names.state)["cleanup.policy"] == "compact"
    assert int(topic_config(settings, names.ledger)["max.message.bytes"]) > int(config["max.message.bytes"])


def test_a_setting_that_was_changed_is_mended(settings: Settings) -> None:
    migrate_kafka(settings, dry_run=False)
    alter(settings, settings.topics().ledger, "retention.ms", "1000")
    assert [step.action for step in migrate_kafka(settings, dry_run=False)] == ["set retention.ms to -1 (was 1000)"]
    assert topic_config(settings, settings.topics().ledger)["retention.ms"] == "-1"


def test_another_partition_count_is_refused_with_the_way_out(settings: Settings) -> None:
    migrate_kafka(settings, dry_run=False)
    with pytest.raises(TopicMismatch, match="CHATSNAPSHOT_PARTITIONS=3"):
        migrate_kafka(settings.model_copy(update={"partitions": 4}), dry_run=False)


def test_every_state_partition_knows_the_epoch_and_a_new_topic_is_a_new_epoch(settings: Settings) -> None:
    migrate_kafka(settings, dry_run=False)
    kafka, names = settings.kafka(), settings.topics()
    assert kafka is not None
    admin = admin_client(kafka)
    first = EpochEntry(1, topic_ids(admin, [names.events])[names.events], 3)
    assert known_epochs(kafka, names.state, 3) == [{first}] * 3
    admin.delete_topics([names.events])[names.events].result()
    while names.events in admin.list_topics(timeout=10).topics:
        pass
    migrate_kafka(settings, dry_run=False)
    second = EpochEntry(2, topic_ids(admin, [names.events])[names.events], 3)
    assert known_epochs(kafka, names.state, 3) == [{first, second}] * 3


def test_a_broker_that_is_not_there_is_one_clear_line(settings: Settings) -> None:
    with pytest.raises(BrokerUnavailable, match=r"127\.0\.0\.1:1 does not answer.*chatsnapshot up"):
        migrate_kafka(settings.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:1"}), dry_run=True)


def topic_config(settings: Settings, topic: str) -> dict[str, str]:
    resource = ConfigResource(ResourceType.TOPIC, topic)
    admin = client(settings)  # a name of its own: a client that is collected drops its requests
    found = admin.describe_configs([resource])[resource].result(10)
    return {name: entry.value for name, entry in found.items()}


def alter(settings: Settings, topic: str, name: str, value: str) -> None:
    from confluent_kafka.admin import AlterConfigOpType, ConfigEntry

    entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    admin = client(settings)
    admin.incremental_alter_configs([resource])[resource].result(10)


def client(settings: Settings) -> AdminClient:
    return AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers})
