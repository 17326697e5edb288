"""Our murmur2 is the clients' murmur2."""

import pytest
from confluent_kafka import Producer

from chatsnapshot_schemas.partitioning import PARTITIONER, message_key, murmur2, partition_of


# values of org.apache.kafka.common.utils.Utils.murmur2, as signed 32-bit integers
@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_values_are_those_of_the_java_client(data: bytes, value: int) -> None:
    assert murmur2(data) == value % 2**32


def test_librdkafka_agrees_on_a_real_broker(kafka_bootstrap: str) -> None:
    from confluent_kafka.admin import AdminClient, NewTopic

    topic, partitions = "partitioning-agreement", 7
    admin = AdminClient({"bootstrap.servers": kafka_bootstrap})
    admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result()
    seen: dict[bytes, int] = {}
    producer = Producer({"bootstrap.servers": kafka_bootstrap, "partitioner": PARTITIONER})
    keys = [message_key("tenant", f"run-{n}-ü{'x' * (n % 9)}") for n in range(200)]
    for key in keys:
        producer.produce(topic, b"", key, on_delivery=lambda _, m: seen.update({m.key(): m.partition()}))
    assert producer.flush(30) == 0
    assert seen == {key: partition_of(key, partitions) for key in keys}
