"""Live tail: ledger records from Kafka as they are committed."""

from collections.abc import Iterator

from confluent_kafka import OFFSET_BEGINNING, KafkaError, KafkaException, TopicPartition

from chatsnapshot.kafka.admin import partition_count, unavailable
from chatsnapshot.kafka.partition_log import bounds, reader
from chatsnapshot_schemas.codec import decode_ledger
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.kafka_access import Access
from chatsnapshot_schemas.known_brokers import KnownBrokers
from chatsnapshot_schemas.ledger_record import LedgerRecord
from chatsnapshot_schemas.partitioning import message_key, partition_of

FETCH_MESSAGES_MAX = 500
WAIT_S = 0.25
"""How long a record may wait in the fetch before it is shown."""


def tail_records(
    kafka: KafkaConnection,
    topic: str,
    framing: Framing,
    *,
    only: tuple[str, str] | None = None,
    from_start: bool = False,
) -> Iterator[LedgerRecord | None]:
    """Records from now on (or from the beginning), for ever; None whenever nothing came for a moment.

    Raises BrokerUnavailable, AccessRefused, TopicMismatch.
    """
    brokers = KnownBrokers()
    partitions = partition_count(kafka, topic)
    chosen = range(partitions) if only is None else [partition_of(message_key(*only), partitions)]
    consumer = reader(kafka, brokers=brokers)
    try:
        # the position is fixed now: what is recorded between this line and the first fetch is shown too
        starts = [
            OFFSET_BEGINNING if from_start else bounds(consumer, kafka, topic, partition).end for partition in chosen
        ]
        consumer.assign([TopicPartition(topic, *each) for each in zip(chosen, starts, strict=True)])
        while True:
            messages = consumer.consume(FETCH_MESSAGES_MAX, WAIT_S)
            for message in messages:
                error = message.error()
                if error is not None:
                    if error.code() == KafkaError._PARTITION_EOF:
                        continue
                    raise unavailable(kafka, KafkaException(error), Access("Read", "topic", topic))
                if only is None or message.key() == message_key(*only):
                    value = message.value()
                    yield decode_ledger(framing.ledger_body(value if isinstance(value, bytes) else None))
            if not messages:
                brokers.check()
                yield None
    finally:
        consumer.close()
