"""One batch of input as one Kafka transaction: ledger, quarantine, state and the input offset, all or nothing."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Any

from confluent_kafka import KafkaError, Message, Producer, TopicPartition

from chatsnapshot_processors.batching import Batch
from chatsnapshot_processors.core.records import (
    InputRecord,
    Output,
    Quarantined,
    Recorded,
    StateChange,
)
from chatsnapshot_processors.core.sequencer import Sequencer
from chatsnapshot_processors.group_metadata import GroupMembership
from chatsnapshot_processors.lane_producer import CALL_TIMEOUT_S
from chatsnapshot_processors.offset_metadata import OffsetMetadata
from chatsnapshot_processors.quarantine_record import HeaderList, quarantine_headers
from chatsnapshot_schemas.connections import TopicNames
from chatsnapshot_schemas.errors import BrokerUnavailable, ChatSnapshotError

_QUEUE_FULL_WAIT_S = 1.0
_LEDGER_CHUNK = 250
"""Ledger records in one call into the client: a call for each costs as much as encoding it. The client sends them while
the next are made. A batch's records fit its queue, which is empty when a batch begins."""


@dataclass(slots=True)
class BatchOutcome:
    """What a batch came to."""

    recorded: int = 0
    duplicates: int = 0
    replays: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    """By reason."""
    last_recorded: Recorded | None = None
    last_ledger_offset: int = -1
    greatest_input: tuple[int, int] = (-1, -1)
    """(epoch, offset) among the recorded."""
    greatest_recorded_at: int = 0


class Abandoned(ChatSnapshotError):
    """The partition was taken away before the commit began: nothing of the batch is committed."""

    code = "abandoned"


class BatchTransaction:
    """Runs batches of one partition in one epoch through a sequencer. Its methods raise KafkaException.

    After an exception nothing may be run again: producer and sequencer are to be thrown away, for what was committed is
    known by the topics only. `membership` lets the broker refuse a consumer that lost the partition.

    `turn` is shared by the lanes of a process: one sequences while the others wait for the broker. Without it they
    would fight for the interpreter's lock at every call into librdkafka and RocksDB: twice the cost of an event.
    """

    def __init__(
        self,
        producer: Producer,
        sequencer: Sequencer,
        topics: TopicNames,
        place: tuple[int, int],
        topic_id: str,
        membership: GroupMembership,
        ledger_prefix: bytes,
        turn: Lock,
    ) -> None:
        self._producer = producer
        self._sequencer = sequencer
        self._topics = topics
        self._partition, self._epoch = place
        self._topic_id = topic_id
        self._group = membership.to_bytes()
        self._prefix = ledger_prefix
        self._turn = turn
        self._outcome = BatchOutcome()
        self._ledger_records: list[dict[str, Any]] = []

    def run(self, batch: Batch, notes: Sequence[StateChange], taken_away: Callable[[], bool]) -> BatchOutcome:
        """Sequence the batch and commit; `notes` are state changes that go with it. Raises Abandoned."""
        outcome = self._outcome = BatchOutcome()
        self._ledger_records = []
        self._producer.begin_transaction()
        with self._turn:
            self._sequence(batch.records, notes)
        if taken_away():
            raise Abandoned("taken away")
        self._commit(batch.following)
        return outcome

    def _sequence(self, records: Sequence[InputRecord], notes: Sequence[StateChange]) -> None:
        for note in notes:
            self._emit(note)
        step, emit = self._sequencer.step, self._emit
        for record in records:
            for output in step(record):
                emit(output)
        self._send_last()

    def _emit(self, output: Output) -> None:
        outcome = self._outcome
        if isinstance(output, Recorded):
            self._record(output)
        elif isinstance(output, StateChange):
            self._send(self._topics.state, output.key, output.value)
        elif isinstance(output, Quarantined):
            outcome.quarantined[str(output.reason)] += 1
            headers = quarantine_headers(output)
            self._send(self._topics.quarantine, output.record.key, output.record.value, headers)
        elif output.replay:
            outcome.replays += 1
        else:
            outcome.duplicates += 1

    def _record(self, recorded: Recorded) -> None:
        """The last record waits for the end of the batch: only its offset in the ledger is asked for."""
        outcome, plain = self._outcome, recorded.plain
        if len(self._ledger_records) >= _LEDGER_CHUNK:
            self._send_ledger()
        self._ledger_records.append({"key": recorded.key, "value": self._prefix + recorded.body})
        outcome.last_recorded = recorded
        outcome.recorded += 1
        outcome.greatest_input = max(outcome.greatest_input, (plain["input_epoch"], plain["input_offset"]))
        outcome.greatest_recorded_at = max(outcome.greatest_recorded_at, plain["recorded_at"])

    def _send_last(self) -> None:
        if self._ledger_records:
            self._ledger_records[-1]["callback"] = self._note_ledger_offset
            self._send_ledger()

    def _send_ledger(self) -> None:
        """Hand records to the client in one call. One that it does not take must not be passed by the next."""
        records, self._ledger_records = self._ledger_records, []
        taken = self._producer.produce_batch(self._topics.ledger, records, self._partition)
        if taken < len(records):
            refused = next(record["_error"] for record in records if "_error" in record)
            raise BrokerUnavailable(f"{self._topics.ledger} takes no records: {refused}")

    def _note_ledger_offset(self, error: KafkaError | None, message: Message) -> None:
        offset = message.offset()
        if error is None and offset is not None:
            self._outcome.last_ledger_offset = offset

    def _send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: HeaderList | None = None,
    ) -> None:
        optional: dict[str, Any] = {} if headers is None else {"headers": headers}
        give_up = monotonic() + CALL_TIMEOUT_S
        while True:
            try:
                return self._producer.produce(topic, value, key, self._partition, **optional)
            except BufferError:
                if monotonic() > give_up:
                    raise BrokerUnavailable(f"{topic} takes no records for {CALL_TIMEOUT_S:g} s") from None
                self._producer.poll(_QUEUE_FULL_WAIT_S)

    def _commit(self, following: int) -> None:
        metadata = OffsetMetadata(self._topic_id, self._epoch, self._sequencer.stream_time)
        offset = TopicPartition(self._topics.events, self._partition, following, metadata.to_text())
        self._producer.send_offsets_to_transaction([offset], self._group, CALL_TIMEOUT_S)
        self._producer.commit_transaction(CALL_TIMEOUT_S)
