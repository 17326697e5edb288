"""The transactional producer of one input partition."""

import logging
from enum import StrEnum
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from chatsnapshot_processors.config import SequencerConfig
from chatsnapshot_schemas.topics import OUTPUT_HEADROOM_BYTES

log = logging.getLogger(__name__)

INIT_TIMEOUT_S = 20.0
"""Fencing the old owner waits for the end of its running commit."""
CALL_TIMEOUT_S = 15.0
"""Sending offsets and committing; later than this the outcome is asked for by a new producer, never guessed."""
ABORT_TIMEOUT_S = 5.0
"""A broker that is silent does not hear of the end either."""
_BATCH_BYTES = 1_000_000
"""librdkafka's default; a smaller topic limit takes its place."""
_MESSAGE_BYTES_CEILING = 256 * 1024 * 1024
"""Client-side check only, on uncompressed size: an input that was sent compressed must not fail here for ever.

The broker checks the compressed size against the topic's limit, which is the input's + OUTPUT_HEADROOM_BYTES."""


class FailureKind(StrEnum):
    """Why a lane had to begin again, as metrics count it."""

    FENCED = "fenced"
    """Another owner took over, or the transaction ran out of time."""
    STALE_MEMBERSHIP = "stale_membership"
    """The group does not know this consumer and generation any more."""
    KAFKA = "kafka"
    """Any other answer of the broker or client, timeouts among them."""
    OTHER = "other"
    """Not Kafka's: a defect, or a broken cache."""


_FENCED = {
    KafkaError._FENCED,
    KafkaError.PRODUCER_FENCED,
    KafkaError.INVALID_PRODUCER_EPOCH,
    KafkaError.INVALID_PRODUCER_ID_MAPPING,
}
_STALE = {
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError.FENCED_INSTANCE_ID,
}


def failure_kind(error: BaseException) -> FailureKind:
    """What an error means for the lane."""
    error = behind_callback(error)
    if not isinstance(error, KafkaException) or not isinstance(error.args[0], KafkaError):
        return FailureKind.OTHER
    code = error.args[0].code()
    if code in _FENCED:
        return FailureKind.FENCED
    return FailureKind.STALE_MEMBERSHIP if code in _STALE else FailureKind.KAFKA


def behind_callback(error: BaseException) -> BaseException:
    """The client's own error where a delivery callback hid it.

    When a producer is fenced while callbacks are served, the client sets that error and calls the next callback all
    the same: Python then says SystemError, with the other as its cause.
    """
    if isinstance(error, SystemError) and isinstance(error.__cause__, KafkaException):
        return error.__cause__
    return error


def transactional_producer(config: SequencerConfig, partition: int, input_bytes_max: int) -> Producer:
    """A producer for the partition; `init_transactions` is the caller's first call."""
    topic_bytes_max = input_bytes_max + OUTPUT_HEADROOM_BYTES
    settings: dict[str, Any] = {
        **config.kafka.client_config(transactional=True),
        "transactional.id": config.transactional_id(partition),
        "transaction.timeout.ms": int(config.limits.transaction_timeout_s * 1000),
        "acks": "all",
        "compression.type": "lz4",
        "linger.ms": 2,
        "batch.size": min(_BATCH_BYTES, topic_bytes_max),
        "message.max.bytes": max(topic_bytes_max, _MESSAGE_BYTES_CEILING),
        # one batch's output; more than that waits in produce()
        "queue.buffering.max.kbytes": 512 * 1024,
    }
    return Producer(settings, logger=log)


def quiet_close(producer: Producer) -> None:
    """End a producer whose transaction, if it has one, is aborted within ABORT_TIMEOUT_S; else its successor does it.

    The client's own `close` aborts too, and waits for the broker for ever: it is called only when nothing is left open.
    What is not closed ends when nobody refers to it any more.
    """
    try:
        producer.purge(in_queue=True, in_flight=True, blocking=False)
        if _is_settled(producer):
            producer.close()
    except KafkaException:
        log.debug("closing a producer", exc_info=True)


def _is_settled(producer: Producer) -> bool:
    """Abort what is open; whether nothing is."""
    try:
        producer.abort_transaction(ABORT_TIMEOUT_S)
    except KafkaException as error:
        problem = error.args[0]
        log.debug("aborting a transaction: %s", problem)
        return bool(problem.code() == KafkaError._STATE or problem.fatal())  # there is none, or it may not any more
    return True
