"""The sink's Kafka side: its consumer's configuration, the topics' identities, and commits.

Assignment is cooperative-sticky: when a worker joins or leaves, only the partitions that move stop; all others go on
inserting. (Eager assignment takes everything from everybody, in the middle of every batch.) The group refuses commits
of an earlier generation, so a worker that lost a partition without noticing cannot move its offset.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicCollection, TopicPartition

from chatsnapshot_projections.sink_batch import Mark
from chatsnapshot_projections.sink_config import SinkConfig
from chatsnapshot_schemas.connections import TopicNames
from chatsnapshot_schemas.errors import BrokerUnavailable, ConfigurationError
from chatsnapshot_schemas.kafka_access import Access, refusal, unreachable
from chatsnapshot_schemas.kafka_admin import ListeningAdmin

log = logging.getLogger(__name__)

READ_AHEAD_KIB_MAX = 32 * 1024
"""Fetched and not yet taken, of all partitions together: about one batch."""
FETCH_BYTES_MAX = 16 * 1024 * 1024
PARTITION_FETCH_BYTES_MAX = 4 * 1024 * 1024
"""A few of these fill the queue: partitions take turns, and a catch-up is not bound by round trips."""
FETCH_WAIT_MS = 100
"""How long the broker waits for news; also how soon the place of a transaction marker is seen."""
FETCH_BYTES_MIN = 64 * 1024
"""Or what came within that time: a trickle would cost the broker a fetch for every few records."""
REQUEST_TIMEOUT_MS = 10_000
"""A commit that hangs must not keep the worker from polling or from ending."""
FIRST_ANSWER_WITHIN_S = 10.0
"""A broker that is not there at the start is reported soon."""
COMMITTED_WITHIN_S = 30.0
"""For reading committed offsets while a coordinator moves: then the process ends and is started again."""
LOG_LEVEL = 2
"""Critical: what the client would print by itself comes by callback, and is logged now and then."""


def consumer_config(config: SinkConfig, on_error: Callable[[KafkaError], None]) -> dict[str, object]:
    """librdkafka's configuration of the sink's consumer."""
    settings: dict[str, object] = {
        **config.kafka.client_config(),
        "group.id": config.group,
        "client.id": f"{config.group}-{config.instance_id}" if config.instance_id else config.group,
        "partition.assignment.strategy": "cooperative-sticky",
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        # a committed offset that the topic does not have is a matter for a person, never a silent jump
        "auto.offset.reset": "error",
        "enable.partition.eof": True,
        "session.timeout.ms": int(config.session_timeout_s * 1000),
        "heartbeat.interval.ms": int(config.session_timeout_s * 1000 / 10),
        "max.poll.interval.ms": int(config.max_poll_interval_s * 1000),
        "socket.timeout.ms": REQUEST_TIMEOUT_MS,
        "queued.max.messages.kbytes": READ_AHEAD_KIB_MAX,
        "fetch.max.bytes": FETCH_BYTES_MAX,
        "max.partition.fetch.bytes": PARTITION_FETCH_BYTES_MAX,
        "fetch.wait.max.ms": FETCH_WAIT_MS,
        "fetch.min.bytes": FETCH_BYTES_MIN,
        "error_cb": on_error,
        "log_level": LOG_LEVEL,
    }
    if config.instance_id:
        settings["group.instance.id"] = config.instance_id
    return settings


def needed_access(topics: TopicNames, groups: Iterable[str]) -> tuple[Access, ...]:
    """What the sink does in Kafka, as its broker's ACLs name it."""
    read = [Access("Read", "topic", topic) for topic in (topics.ledger, topics.state, topics.quarantine)]
    return (*read, *(Access("Read", "group", group) for group in groups))


def topic_ids(client: ListeningAdmin, topics: Iterable[str]) -> dict[str, str]:
    """The broker's id of each topic.

    Raises BrokerUnavailable, AccessRefused (password, certificate, ACL), ConfigurationError (a topic is missing).
    """
    kafka = client.kafka
    client.metadata(FIRST_ANSWER_WITHIN_S)
    deadline = time.monotonic() + FIRST_ANSWER_WITHIN_S
    described = client.describe_topics(TopicCollection(list(topics)), request_timeout=FIRST_ANSWER_WITHIN_S)
    ids: dict[str, str] = {}
    for topic, future in described.items():
        try:
            ids[topic] = str(future.result(max(1.0, deadline - time.monotonic())).topic_id)
        except KafkaException as error:
            if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise ConfigurationError(f"topic {topic} does not exist: run `chatsnapshot migrate`") from None
            refused = refusal(kafka, error.args[0], Access("Describe", "topic", topic))
            raise refused or unreachable(kafka, error.args[0].str()) from error
        except TimeoutError as error:
            raise unreachable(kafka, "timed out") from error
    return ids


def committed_offsets(consumer: Consumer, partitions: list[TopicPartition]) -> list[TopicPartition]:
    """Offset (below 0: none) and metadata of each partition. Raises BrokerUnavailable."""
    deadline = time.monotonic() + COMMITTED_WITHIN_S
    while True:
        try:
            found: list[TopicPartition] = consumer.committed(partitions, timeout=REQUEST_TIMEOUT_MS / 1000)
            failed = next((partition.error for partition in found if partition.error), None)
        except KafkaException as error:
            failed = error.args[0]
        if failed is None:
            return found
        if time.monotonic() > deadline:
            raise BrokerUnavailable(f"committed offsets cannot be read: {failed.str()}")
        log.warning("committed offsets cannot be read yet: %s", failed.str())
        time.sleep(0.5)


def commit(consumer: Consumer, marks: Sequence[Mark]) -> str | None:
    """Commit offsets as one request and wait for the answer; None when all are in, else why not."""
    places = [TopicPartition(mark.source.topic, mark.source.partition, mark.offset, mark.metadata) for mark in marks]
    try:
        answer = consumer.commit(offsets=places, asynchronous=False)
    except KafkaException as error:
        return str(error.args[0].str())
    refused = next((each.error for each in answer or [] if each.error), None)
    return None if refused is None else str(refused.str())
