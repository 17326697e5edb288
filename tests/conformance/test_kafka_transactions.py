"""What exactly-once rests on: a transaction is seen whole or not at all, and its offsets and metadata with it."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

WITHIN_S = 60.0
METADATA = '{"version": 1, "stream_time": 1700000000000000, "text": "ü"}'


@dataclass
class Topic:
    """One topic of a test's own, with one partition."""

    bootstrap: str
    name: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:12]}")

    def producer(self, transactional_id: str) -> Producer:
        """Its `init_transactions` fences whoever had the id before."""
        producer = Producer(
            {
                "bootstrap.servers": self.bootstrap,
                "transactional.id": f"{self.name}-{transactional_id}",
                "transaction.timeout.ms": 30_000,
            }
        )
        producer.init_transactions(WITHIN_S)
        return producer

    def values(self, isolation: str) -> list[bytes]:
        """Every value up to the end that this isolation sees."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": "reading",
                "isolation.level": isolation,
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
            }
        )
        consumer.assign([TopicPartition(self.name, 0, 0)])
        found: list[bytes] = []
        try:
            while True:
                message = consumer.poll(WITHIN_S)
                assert message is not None, "neither a record nor the end"
                if message.error():
                    assert message.error().code() == KafkaError._PARTITION_EOF
                    return found
                found.append(bytes(message.value() or b""))
        finally:
            consumer.close()

    def committed(self, group: str) -> TopicPartition:
        """What a group committed here."""
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": group})
        try:
            return consumer.committed([TopicPartition(self.name, 0)], WITHIN_S)[0]
        finally:
            consumer.close()


@pytest.fixture
def topic(kafka_bootstrap: str) -> Iterator[Topic]:
    made = Topic(kafka_bootstrap)
    admin = AdminClient({"bootstrap.servers": kafka_bootstrap})
    admin.create_topics([NewTopic(made.name, 1, 1)], operation_timeout=WITHIN_S)[made.name].result(WITHIN_S)
    yield made
    admin.delete_topics([made.name])[made.name].result(WITHIN_S)


def group_offsets(topic: Topic, group: str, offset: int) -> tuple[list[TopicPartition], object]:
    """As a worker that takes part in no rebalance sends them."""
    consumer = Consumer({"bootstrap.servers": topic.bootstrap, "group.id": group})
    try:
        metadata = consumer.consumer_group_metadata()
    finally:
        consumer.close()
    return [TopicPartition(topic.name, 0, offset, METADATA)], metadata


def test_a_committed_transaction_is_seen_and_an_aborted_one_is_not(topic: Topic) -> None:
    producer = topic.producer("one")
    for value, commits in ((b"kept", True), (b"dropped", False), (b"kept too", True)):
        producer.begin_transaction()
        producer.produce(topic.name, value, partition=0)
        (producer.commit_transaction if commits else producer.abort_transaction)(WITHIN_S)
    assert topic.values("read_committed") == [b"kept", b"kept too"]
    assert b"kept" in topic.values("read_uncommitted")


def test_readers_stop_before_an_open_transaction(topic: Topic) -> None:
    first, second = topic.producer("first"), topic.producer("second")
    first.begin_transaction()
    first.produce(topic.name, b"open", partition=0)
    assert first.flush(WITHIN_S) == 0
    second.begin_transaction()
    second.produce(topic.name, b"later", partition=0)
    second.commit_transaction(WITHIN_S)
    assert topic.values("read_committed") == []
    assert topic.values("read_uncommitted") == [b"open", b"later"]
    first.commit_transaction(WITHIN_S)
    assert topic.values("read_committed") == [b"open", b"later"]


def test_a_successor_aborts_what_its_predecessor_left_open_and_fences_it(topic: Topic) -> None:
    before = topic.producer("partition-0")
    before.begin_transaction()
    before.produce(topic.name, b"half done", partition=0)
    assert before.flush(WITHIN_S) == 0
    after = topic.producer("partition-0")
    after.begin_transaction()
    after.produce(topic.name, b"done again", partition=0)
    after.commit_transaction(WITHIN_S)
    with pytest.raises(KafkaException) as refused:
        before.commit_transaction(WITHIN_S)
    error = refused.value.args[0]
    assert error.fatal() or error.code() in (KafkaError._FENCED, KafkaError.PRODUCER_FENCED)
    assert topic.values("read_committed") == [b"done again"]


def test_offsets_and_their_metadata_are_part_of_the_transaction(topic: Topic) -> None:
    producer, group = topic.producer("offsets"), f"{topic.name}-group"
    producer.begin_transaction()
    producer.produce(topic.name, b"with offsets", partition=0)
    producer.send_offsets_to_transaction(*group_offsets(topic, group, 7), WITHIN_S)
    producer.commit_transaction(WITHIN_S)
    found = topic.committed(group)
    assert (found.offset, found.metadata) == (7, METADATA)
    producer.begin_transaction()
    producer.send_offsets_to_transaction(*group_offsets(topic, group, 99), WITHIN_S)
    producer.abort_transaction(WITHIN_S)
    found = topic.committed(group)
    assert (found.offset, found.metadata) == (7, METADATA)


def test_metadata_of_a_plain_commit_comes_back(topic: Topic) -> None:
    group = f"{topic.name}-sink"
    consumer = Consumer({"bootstrap.servers": topic.bootstrap, "group.id": group, "enable.auto.commit": False})
    try:
        for offset, metadata in ((3, "pending:[3,9]"), (10, "")):
            place = TopicPartition(topic.name, 0, offset, metadata)
            consumer.commit(offsets=[place], asynchronous=False)
            found = topic.committed(group)
            assert (found.offset, found.metadata or "") == (offset, metadata)
    finally:
        consumer.close()
