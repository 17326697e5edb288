"""Topics as `migrate` makes them, and what the broker does because of their settings."""

import time
import uuid
from collections.abc import Iterator

import pytest
from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, Consumer, KafkaError, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from chatsnapshot.migration import migrate_kafka
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.errors import TopicMismatch
from chatsnapshot_schemas.partitioning import PARTITIONER, partition_of
from chatsnapshot_schemas.topics import INPUT_MESSAGE_BYTES_MAX, topic_specs

WITHIN_S = 60.0
PARTITIONS = 5
"""Not a power of two: a partitioner that only looks at some bits would be found out."""


@pytest.fixture(scope="module")
def settings(kafka_bootstrap: str) -> Iterator[Settings]:
    """Of an installation of this module's own, migrated."""
    made = Settings(
        kafka_bootstrap_servers=kafka_bootstrap, topic_prefix=f"t{uuid.uuid4().hex[:12]}", partitions=PARTITIONS
    )
    assert migrate_kafka(made, dry_run=False)
    yield made
    admin = AdminClient({"bootstrap.servers": kafka_bootstrap})
    for future in admin.delete_topics(list(made.topics().all())).values():
        future.result(WITHIN_S)


def sent(settings: Settings, topic: str, records: list[tuple[bytes, bytes]], **options: object) -> list[KafkaError]:
    """What the broker refused."""
    refused: list[KafkaError] = []
    producer = Producer({"bootstrap.servers": settings.kafka_bootstrap_servers, "partitioner": PARTITIONER, **options})
    for key, value in records:
        # the producer's own clock is a day off: the broker's counts
        yesterday = int(time.time() * 1000) - 86_400_000
        producer.produce(topic, value, key, timestamp=yesterday, on_delivery=lambda e, _: e and refused.append(e))
        producer.poll(0)
    assert producer.flush(WITHIN_S) == 0
    return refused


def read(settings: Settings, topic: str) -> list[Message]:
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka_bootstrap_servers,
            "group.id": "reading",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
    found: list[Message] = []
    ended = 0
    try:
        while ended < PARTITIONS:
            message = consumer.poll(WITHIN_S)
            assert message is not None, "neither a record nor the end"
            if message.error():
                ended += 1
            else:
                found.append(message)
    finally:
        consumer.close()
    return found


def test_every_setting_that_guarantees_rest_on_is_in_force(settings: Settings) -> None:
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers})
    metadata = admin.list_topics(timeout=WITHIN_S).topics
    for spec in topic_specs(settings.topics(), PARTITIONS, 1):
        assert len(metadata[spec.name].partitions) == PARTITIONS
        resource = ConfigResource(ResourceType.TOPIC, spec.name)
        found = admin.describe_configs([resource])[resource].result(WITHIN_S)
        assert {name: found[name].value for name in spec.config} == spec.config


def test_a_second_migrate_has_nothing_to_do(settings: Settings) -> None:
    assert migrate_kafka(settings, dry_run=True) == []
    assert migrate_kafka(settings, dry_run=False) == []


def test_another_number_of_partitions_is_refused(settings: Settings) -> None:
    with pytest.raises(TopicMismatch, match="CHATSNAPSHOT_PARTITIONS=5"):
        migrate_kafka(settings.model_copy(update={"partitions": 8}), dry_run=False)


def test_events_carry_the_brokers_time_and_lie_where_our_partitioner_says(settings: Settings) -> None:
    topic = settings.topics().events
    keys = [f"default/run {number}/ü".encode() for number in range(200)]
    before_ms = int(time.time() * 1000) - 60_000
    assert sent(settings, topic, [(key, b"value") for key in keys]) == []
    found = read(settings, topic)
    assert {message.key() for message in found} == set(keys)
    for message in found:
        kind, at_ms = message.timestamp()
        assert kind == TIMESTAMP_LOG_APPEND_TIME
        assert at_ms > before_ms
        key = message.key()
        assert isinstance(key, bytes)
        assert message.partition() == partition_of(key, PARTITIONS)


def test_the_broker_refuses_what_is_larger_than_an_event_may_be(settings: Settings) -> None:
    large = b"x" * (INPUT_MESSAGE_BYTES_MAX + 1)
    unlimited = {"message.max.bytes": 10 * INPUT_MESSAGE_BYTES_MAX}
    (refused,) = sent(settings, settings.topics().events, [(b"k", large)], **unlimited)
    assert refused.code() == KafkaError.MSG_SIZE_TOO_LARGE
    assert sent(settings, settings.topics().ledger, [(b"k", large)], **unlimited) == []


def test_a_tombstone_is_kept_as_one_in_the_state_topic(settings: Settings) -> None:
    topic = settings.topics().state
    producer = Producer({"bootstrap.servers": settings.kafka_bootstrap_servers})
    for value in (b"held", None):
        producer.produce(topic, value, b"held/0/7", partition=3)
    assert producer.flush(WITHIN_S) == 0
    latest = {message.key(): message.value() for message in read(settings, topic) if message.partition() == 3}
    assert latest[b"held/0/7"] is None
