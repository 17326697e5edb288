"""The events topic of one test, and what is in it."""

import json
import uuid
from typing import Any

from confluent_kafka.admin import NewTopic

from chatsnapshot.kafka.admin import admin_client
from chatsnapshot.kafka.partition_log import read_partition, reader
from chatsnapshot_schemas.codec import decode_envelope
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.envelope import EventEnvelope
from chatsnapshot_schemas.framing import Framing

PARTITIONS = 4
WITHIN_S = 60.0


class EventsTopic:
    """A topic under a prefix of its own, and the one for reports of what was sent."""

    def __init__(self, bootstrap_servers: str) -> None:
        self.prefix = f"t{uuid.uuid4().hex[:8]}"
        self.name = f"{self.prefix}.events"
        self.kafka = KafkaConnection(bootstrap_servers=bootstrap_servers)

    def create(self, *, takes_reports: bool = True, **config: str) -> "EventsTopic":
        admin = admin_client(self.kafka)  # held until the answer is here
        topics = [NewTopic(self.name, PARTITIONS, 1, config=config)]
        if takes_reports:
            topics.append(NewTopic(f"{self.prefix}.sources", PARTITIONS, 1, config={"cleanup.policy": "compact"}))
        for future in admin.create_topics(topics).values():
            future.result(WITHIN_S)
        return self

    def envelopes(self) -> list[EventEnvelope]:
        """Partition by partition, in order."""
        consumer = reader(self.kafka)
        try:
            return [
                decode_envelope(Framing().envelope_body(message.value()))
                for partition in range(PARTITIONS)
                for message in read_partition(consumer, self.kafka, self.name, partition)
            ]
        finally:
            consumer.close()

    def settings(self, **more: Any) -> dict[str, Any]:
        """For a process that writes here."""
        return {"KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers, "TOPIC_PREFIX": self.prefix, **more}


def seven_fields(payload: str = "{}", run: str = "r", **changed: Any) -> str:
    """An event in the form of the original specification, its payload's text as given."""
    members = {
        "event_id": str(uuid.uuid4()),
        "event_type": "execution.message",
        "timestamp": "2026-01-01T00:00:00Z",
        "source": {"origin": "agent", "runtime": "ag2"},
        "correlation_id": run,
        "causation_id": None,
        **changed,
    }
    present = {name: value for name, value in members.items() if value is not ...}
    return f'{json.dumps(present)[:-1]}, "payload": {payload}}}'
