"""The bytes of an event that waits, from the state topic."""

from chatsnapshot.kafka.partition_log import read_partition, reader
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.state_entries import HELD, decode_held


def held_original(kafka: KafkaConnection, state_topic: str, partition: int, offset: int) -> bytes | None:
    """The input's value as it came; None when the entry is gone: released meanwhile. Raises BrokerUnavailable."""
    consumer = reader(kafka)
    try:
        for message in read_partition(consumer, kafka, state_topic, partition, offset):
            value, key = message.value(), message.key()
            if message.offset() != offset or not isinstance(value, bytes) or not isinstance(key, bytes):
                return None
            return decode_held(value).value if key.startswith(HELD.encode()) else None
        return None
    finally:
        consumer.close()
