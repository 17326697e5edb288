"""Memory of whoever reads Kafka: what nobody takes yet is read ahead up to a bound, however long the partition is."""

import json
import os
import time
from collections.abc import Callable

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from chatsnapshot.kafka import partition_log
from chatsnapshot_processors import topic_reading
from chatsnapshot_processors.topic_reading import PartitionReader
from chatsnapshot_projections import sink_consumer, sink_repeat
from chatsnapshot_projections.sink_config import SinkConfig
from chatsnapshot_projections.sink_repeat import SpanReader
from chatsnapshot_schemas.connections import ClickHouseConnection, KafkaConnection, TopicNames
from tests.pipeline.sequencer_installation import eventually

KIB = 1024
TOPIC, MESSAGE_BYTES, MESSAGES = "read-ahead", 512 * KIB, 160
"""80 MiB that do not pack."""
LOOKS = 10
EVERY_MS = 100
NEARLY = 0.9
"""Another fetch would go beyond the bound."""


@pytest.fixture(scope="module")
def kafka(kafka_bootstrap: str) -> KafkaConnection:
    """With a topic that is longer than any bound."""
    admin = AdminClient({"bootstrap.servers": kafka_bootstrap})
    admin.create_topics([NewTopic(TOPIC, 1, 1)])[TOPIC].result()
    producer = Producer({"bootstrap.servers": kafka_bootstrap})
    for _ in range(MESSAGES):
        producer.produce(TOPIC, os.urandom(MESSAGE_BYTES), partition=0)
        producer.poll(0)
    assert producer.flush(60) == 0
    return KafkaConnection(bootstrap_servers=kafka_bootstrap)


def of_a_lane(kafka: KafkaConnection) -> Consumer:
    return PartitionReader(kafka, "lane")._consumer


def of_a_command(kafka: KafkaConnection) -> Consumer:
    return partition_log.reader(kafka)


def of_the_sink(kafka: KafkaConnection) -> Consumer:
    clickhouse = ClickHouseConnection(url="http://127.0.0.1:1")
    config = SinkConfig(kafka=kafka, clickhouse=clickhouse, topics=TopicNames(prefix="none"), group="sink")
    return Consumer(sink_consumer.consumer_config(config, lambda _: None))


def of_a_batch_read_again(kafka: KafkaConnection) -> Consumer:
    return Consumer(SpanReader(kafka, "again")._settings)


@pytest.mark.parametrize(
    ("consumer_of", "bound_kib", "fetch_bytes"),
    [
        (of_a_lane, topic_reading.READ_AHEAD_KIB_MAX, KIB * KIB),
        (of_a_command, partition_log.READ_AHEAD_KIB_MAX, KIB * KIB),
        (of_the_sink, sink_consumer.READ_AHEAD_KIB_MAX, sink_consumer.PARTITION_FETCH_BYTES_MAX),
        (of_a_batch_read_again, sink_repeat.READ_AHEAD_KIB_MAX, KIB * KIB),
    ],
)
def test_what_nobody_takes_is_read_ahead_so_far(
    kafka: KafkaConnection,
    monkeypatch: pytest.MonkeyPatch,
    consumer_of: Callable[[KafkaConnection], Consumer],
    bound_kib: int,
    fetch_bytes: int,
) -> None:
    waiting: list[int] = []

    def note(statistics: str) -> None:
        partitions = json.loads(statistics)["topics"].get(TOPIC, {}).get("partitions", {})
        waiting.append(sum(each["fetchq_size"] for each in partitions.values()))

    usual = KafkaConnection.client_config
    told = {"statistics.interval.ms": EVERY_MS, "stats_cb": note}
    monkeypatch.setattr(KafkaConnection, "client_config", lambda kafka, **which: usual(kafka, **which) | told)
    consumer = consumer_of(kafka)
    try:
        consumer.assign([TopicPartition(TOPIC, 0, 0)])
        eventually(lambda: (polled(consumer) and max(waiting, default=0) >= bound_kib * KIB * NEARLY) or None)
        for _ in range(LOOKS):
            polled(consumer)
        assert max(waiting) <= bound_kib * KIB + 2 * fetch_bytes
    finally:
        consumer.close()


def polled(consumer: Consumer) -> bool:
    """The statistics come with it, and a message now and then."""
    time.sleep(EVERY_MS / 1000)
    consumer.poll(0)
    return True
