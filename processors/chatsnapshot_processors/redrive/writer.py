"""Writes solutions: new inputs, facts and marks of a batch in one Kafka transaction, all or nothing.

One `transactional.id` for each quarantine partition, so that of two who solve records of one partition at the same
time the first is fenced: entering ends what the other had begun. Whoever entered reads only afterwards which records
are solved, and commits only while nobody else has entered. So no record is solved twice.
"""

import warnings
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from chatsnapshot_processors.lane_producer import (
    ABORT_TIMEOUT_S,
    FailureKind,
    behind_callback,
    failure_kind,
    quiet_close,
)
from chatsnapshot_processors.redrive.plan import NewInput, Target
from chatsnapshot_processors.redrive.solving import Solving
from chatsnapshot_schemas.connections import KafkaConnection, TopicNames
from chatsnapshot_schemas.errors import BrokerUnavailable, ChatSnapshotError, QuarantineBusy, TopicMismatch
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.kafka_access import Access, HeardErrors, refusal, wait_for_answer
from chatsnapshot_schemas.kafka_silence import silent_logger
from chatsnapshot_schemas.quarantine_entries import SolvedMark, mark_headers
from chatsnapshot_schemas.topics import OUTPUT_MESSAGE_BYTES_MAX

TRANSACTION_TIMEOUT_S = 15.0
"""The broker ends what a dead process left open after this long; until then the sequencer waits at that partition."""
CALL_TIMEOUT_S = 15.0
INIT_TIMEOUT_S = 30.0
"""Fencing somebody waits for the end of their running commit."""


def transactional_id(topics: TopicNames, partition: int) -> str:
    """Of the one who solves records of that partition."""
    return f"{topics.prefix}-redrive-{partition}"


class SolutionWriter:
    """For one quarantine partition; use as a context manager, which fences everybody else.

    Its methods raise QuarantineBusy (somebody else opened meanwhile: nothing was written), BrokerUnavailable (what was
    written is known by the topic only), AccessRefused. After an error it is to be closed.
    """

    def __init__(self, kafka: KafkaConnection, topics: TopicNames, partition: int, framing: Framing) -> None:
        self._kafka = kafka
        self._topics = topics
        self._partition = partition
        self._framing = framing
        self._heard = HeardErrors(kafka)
        self._producer = Producer(_settings(kafka, topics, partition, self._heard), logger=silent_logger())
        self.target = Target(topics.events, 0, framing)

    def __enter__(self) -> Self:
        try:
            metadata = wait_for_answer(self._producer, self._heard, CALL_TIMEOUT_S)
            self.target = Target(self._topics.events, self._partitions(metadata), self._framing)
            self._producer.init_transactions(INIT_TIMEOUT_S)
        except BaseException as error:
            self._close()
            raise self._said(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _partitions(self, metadata: Any) -> int:
        events = self._topics.events
        found = metadata.topics.get(events)
        if found is None:
            raise TopicMismatch(
                f"there is no topic {events}, or this account may not see it: `chatsnapshot migrate` makes it, "
                "`chatsnapshot acls` prints what role `redrive` needs"
            )
        return len(found.partitions)

    def write(self, batch: Sequence[Solving]) -> list[SolvedMark]:
        """Commit a batch; the marks as written, in its order."""
        try:
            return self._write(batch)
        except BaseException as error:
            self._abort()
            raise self._said(error) from error

    def _close(self) -> None:
        """What was left open is aborted; where that fails, whoever enters next does it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a fenced producer warns that it cannot abort
            quiet_close(self._producer)

    def _abort(self) -> None:
        """At once, so that no reader waits for the broker to do it; a fenced one has nothing to abort."""
        with suppress(KafkaException):
            self._producer.purge(in_queue=True, in_flight=False, blocking=False)
            self._producer.abort_transaction(ABORT_TIMEOUT_S)

    def _write(self, batch: Sequence[Solving]) -> list[SolvedMark]:
        self._producer.begin_transaction()
        offsets = self._send_inputs([each.sends for each in batch])
        marks = []
        for solving, offset in zip(batch, offsets, strict=True):
            mark, fact = solving.with_fact(solving.mark(offset), self.target)
            marks.append(mark)
            if fact is not None:
                self._produce(self._topics.events, fact.value, fact.key, fact.partition)
            found = solving.found
            headers = mark_headers(found.place, mark)
            self._produce(self._topics.quarantine, mark.to_json(), found.key, self._partition, headers=headers)
        self._producer.commit_transaction(CALL_TIMEOUT_S)
        return marks

    def _send_inputs(self, inputs: Sequence[NewInput | None]) -> list[int]:
        """Send the new inputs; the offset of each as the broker gave it, -1 where nothing is sent."""
        offsets = [-1] * len(inputs)
        failed: list[KafkaError] = []
        for index, new in enumerate(inputs):
            if new is None:
                continue

            def delivered(error: KafkaError | None, message: Message, index: int = index) -> None:
                if error is not None:
                    failed.append(error)
                else:
                    offsets[index] = message.offset() or 0

            self._produce(
                self._topics.events, new.value, new.key, new.partition, headers=list(new.headers), on_delivery=delivered
            )
        left = self._producer.flush(CALL_TIMEOUT_S)
        if failed:
            raise KafkaException(failed[0])
        if left:
            raise BrokerUnavailable(f"{self._topics.events}: {left} records not acknowledged in {CALL_TIMEOUT_S:g} s")
        return offsets

    def _produce(self, topic: str, value: bytes, key: bytes | None, partition: int, **optional: Any) -> None:
        try:
            self._producer.produce(topic, value, key, partition, **optional)
        except BufferError:
            raise BrokerUnavailable(f"{topic} takes no records now") from None

    def _said(self, error: BaseException) -> BaseException:
        """The error in the project's own words."""
        error = behind_callback(error)
        if not isinstance(error, KafkaException):
            return error
        reason: Any = error.args[0]
        if failure_kind(error) is FailureKind.FENCED:
            return QuarantineBusy(f"somebody else solves records of {self._topics.quarantine}-{self._partition} now")
        return _refused(self._kafka, reason, self._topics) or BrokerUnavailable(
            f"{self._topics.quarantine}-{self._partition}: {reason.str()}"
        )


def _refused(kafka: KafkaConnection, reason: KafkaError, topics: TopicNames) -> ChatSnapshotError | None:
    name = reason.name()
    if name == "TRANSACTIONAL_ID_AUTHORIZATION_FAILED":
        wanted = Access("Write", "transactional-id", f"{topics.prefix}-redrive-", prefixed=True)
        return refusal(kafka, reason, wanted)
    return refusal(kafka, reason)


def _settings(kafka: KafkaConnection, topics: TopicNames, partition: int, heard: HeardErrors) -> dict[str, Any]:
    return {
        **kafka.client_config(transactional=True),
        "transactional.id": transactional_id(topics, partition),
        "transaction.timeout.ms": int(TRANSACTION_TIMEOUT_S * 1000),
        "acks": "all",
        "compression.type": "lz4",
        "linger.ms": 2,
        "message.max.bytes": OUTPUT_MESSAGE_BYTES_MAX,
        "error_cb": heard,
    }
