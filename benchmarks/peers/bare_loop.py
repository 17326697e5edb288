"""The job as a bare confluent-kafka loop: one consumer, one transactional producer, state in dicts that a crash loses.

`python -m benchmarks.peers.bare_loop '{"bootstrap": ..., "input": ..., "output": ..., "group": ...}'`
"""

import json
import sys
from typing import Any

from confluent_kafka import Consumer, Message, Producer, TopicPartition

from benchmarks.peers.job import decode, first_head, record

BATCH = 5_000
"""Messages in a transaction, as in our own sequencer."""
WAIT_S = 0.05
CALL_WITHIN_S = 30.0


class Run:
    """State of one correlation."""

    __slots__ = ("head", "ids")

    def __init__(self, head: tuple[int, bytes]) -> None:
        self.head = head
        self.ids: set[str] = set()


def main(told: dict[str, Any]) -> None:
    servers = {"bootstrap.servers": told["bootstrap"]}
    consumer = Consumer(
        {
            **servers,
            "group.id": told["group"],
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
        }
    )
    producer = Producer({**servers, "transactional.id": told["group"], "linger.ms": 5, "batch.num.messages": 20_000})
    producer.init_transactions(CALL_WITHIN_S)
    consumer.subscribe([told["input"]])
    runs: dict[str, Run] = {}
    while True:
        messages = [message for message in consumer.consume(BATCH, WAIT_S) if message.error() is None]
        if not messages:
            continue
        producer.begin_transaction()
        for message in messages:
            sequence(runs, message, producer, told["output"])
        positions = {message.partition(): message.offset() + 1 for message in messages}
        offsets = [TopicPartition(told["input"], partition, offset) for partition, offset in positions.items()]
        producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata(), CALL_WITHIN_S)
        producer.commit_transaction(CALL_WITHIN_S)


def sequence(runs: dict[str, Run], message: Message, producer: Producer, output: str) -> None:
    envelope, body = decode(message.value())
    correlation, event_id = envelope["correlation_id"], envelope["event_id"]
    run = runs.get(correlation)
    if run is None:
        run = runs[correlation] = Run(first_head(envelope))
    if event_id in run.ids:
        return
    place = (message.partition(), message.offset(), message.timestamp()[1])
    digest, value = record(envelope, body, run.head, envelope["causation_id"] in run.ids, place)
    run.ids.add(event_id)
    run.head = (run.head[0] + 1, digest)
    producer.produce(output, value, message.key(), message.partition())


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
