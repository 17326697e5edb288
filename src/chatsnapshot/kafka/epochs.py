"""Epochs: which identity of the events topic an input offset belongs to, kept in every partition of the state topic."""

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from chatsnapshot.kafka.admin import unavailable
from chatsnapshot.kafka.partition_log import read_partition, reader
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import BrokerUnavailable
from chatsnapshot_schemas.kafka_access import Access
from chatsnapshot_schemas.state_entries import EPOCH, EpochEntry, decode_epoch, encode_epoch, epoch_key

FIRST_EPOCH = 1
DELIVERY_TIMEOUT_S = 30.0


def known_epochs(kafka: KafkaConnection, state_topic: str, partitions: int) -> list[set[EpochEntry]]:
    """The epochs that each partition of the state topic knows."""
    consumer = reader(kafka)
    try:
        return [
            {
                decode_epoch(value)
                for message in read_partition(consumer, kafka, state_topic, partition)
                if (message.key() or b"").startswith(EPOCH.encode()) and (value := message.value())
            }
            for partition in range(partitions)
        ]
    finally:
        consumer.close()


def current_epoch(known: list[set[EpochEntry]], topic_id: str, partitions: int) -> EpochEntry:
    """The epoch of this topic: the one that some partition knows already, else the next number."""
    entries = set().union(*known)
    for entry in entries:
        if (entry.topic_id, entry.partitions) == (topic_id, partitions):
            return entry
    return EpochEntry(max((entry.epoch for entry in entries), default=FIRST_EPOCH - 1) + 1, topic_id, partitions)


def write_epoch(kafka: KafkaConnection, state_topic: str, entry: EpochEntry, known: list[set[EpochEntry]]) -> int:
    """Write the epoch where it is not known yet; a half-written one is completed. Returns how many were written."""
    missing = [partition for partition, entries in enumerate(known) if entry not in entries]
    producer = Producer({**kafka.client_config(), "enable.idempotence": True, "acks": "all", "log_level": 0})
    failed: list[KafkaError] = []

    def settled(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            failed.append(error)

    for partition in missing:
        producer.produce(state_topic, encode_epoch(entry), epoch_key(entry.epoch), partition, on_delivery=settled)
    left = producer.flush(DELIVERY_TIMEOUT_S)
    if failed:
        raise unavailable(kafka, KafkaException(failed[0]), Access("Write", "topic", state_topic))
    if left:
        raise BrokerUnavailable(f"{state_topic}: the epoch was not acknowledged in {DELIVERY_TIMEOUT_S:.0f} s")
    return len(missing)
