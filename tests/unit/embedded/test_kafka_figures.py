from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from chatsnapshot.embedded.kafka_figures import KafkaFigures, kafka_figures
from chatsnapshot.embedded.ports import free_port
from chatsnapshot_schemas.connections import KafkaConnection, TopicNames
from chatsnapshot_schemas.errors import BrokerUnavailable


@pytest.fixture
def names() -> TopicNames:
    return TopicNames(prefix=f"t{uuid4().hex[:8]}")


def lag_of(figures: KafkaFigures, stage: str) -> int | None:
    return next(lag.offsets for lag in figures.lag if lag.stage == stage)


def test_topics_that_are_not_there_have_no_partitions_and_no_lag(kafka_bootstrap: str, names: TopicNames) -> None:
    figures = kafka_figures(KafkaConnection(bootstrap_servers=kafka_bootstrap), names)
    assert [topic.name for topic in figures.topics] == list(names.all())
    assert {topic.partitions for topic in figures.topics} == {0}
    assert lag_of(figures, "sequencer") is None


def test_counts_records_and_what_a_group_has_not_done(kafka_bootstrap: str, names: TopicNames) -> None:
    kafka = KafkaConnection(bootstrap_servers=kafka_bootstrap)
    admin = AdminClient(kafka.client_config())
    for future in admin.create_topics([NewTopic(name, 2) for name in names.all()]).values():
        future.result(30)
    producer = Producer(kafka.client_config())
    for number in range(10):
        producer.produce(names.events, b"x", partition=number % 2)
    assert producer.flush(30) == 0
    before = kafka_figures(kafka, names)
    assert {topic.name: topic.offsets for topic in before.topics}[names.events] == 10
    assert [topic.counts_markers for topic in before.topics] == [False, True, True, True, False, True]

    assert lag_of(before, "sequencer") == 10

    group = Consumer({**kafka.client_config(), "group.id": f"{names.prefix}-sequencer"})
    group.commit(offsets=[TopicPartition(names.events, 0, 4)], asynchronous=False)
    group.close()
    assert (
        lag_of(kafka_figures(kafka, names), "sequencer") == 1 + 5
    )  # of partition 0, and all of the one without offset


def test_a_broker_that_is_not_there_is_unavailable(names: TopicNames, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatsnapshot.kafka.admin.ANSWER_TIMEOUT_S", 0.5)
    with pytest.raises(BrokerUnavailable):
        kafka_figures(KafkaConnection(bootstrap_servers=f"127.0.0.1:{free_port()}"), names)
