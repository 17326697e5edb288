"""Where a lane begins to read its input: what was committed, or what ledger, quarantine and state say if that is more.

A committed offset can be older than the ledger when the broker lost the end of its offsets topic (a power cut) or
somebody set it back. What was recorded since would be taken as replayed, but what was quarantined would be so twice.
"""

import logging
from typing import NamedTuple

from chatsnapshot_processors.input_topic import InputTopic
from chatsnapshot_processors.offset_metadata import OffsetMetadata
from chatsnapshot_processors.recorded_entries import StateEntries
from chatsnapshot_processors.rocks_keys import LedgerMark
from chatsnapshot_processors.topic_reading import PartitionReader
from chatsnapshot_schemas import headers
from chatsnapshot_schemas.connections import TopicNames
from chatsnapshot_schemas.errors import TopicMismatch

log = logging.getLogger(__name__)

QUARANTINE_TAIL = 1_000
"""Offsets at the end of the quarantine topic that are looked at to see whether the committed offset is up to date."""


class InputPosition(NamedTuple):
    """The next input offset, and stream time there (microseconds)."""

    offset: int
    stream_time: int


class PositionFinder:
    """Finds the position of one partition in one epoch. Its methods raise TopicMismatch."""

    def __init__(self, reader: PartitionReader, topics: TopicNames, partition: int, topic: InputTopic) -> None:
        self._reader = reader
        self._topics = topics
        self._partition = partition
        self._topic = topic

    def find(self, epoch: int, state: StateEntries, ledger: LedgerMark | None) -> InputPosition:
        """The position; it is inside the input topic."""
        committed = self._committed(epoch)
        if committed is None or self._is_behind(committed, epoch, state, ledger):
            position = self._recorded(epoch, state, ledger)
        else:
            position = committed
        if committed is not None and position is not committed:
            log.warning(
                "partition %d: the committed offset %d is older than what was sequenced, goes on at %d",
                self._partition,
                committed.offset,
                position.offset,
            )
            position = InputPosition(position.offset, max(position.stream_time, committed.stream_time))
        self._check_range(position.offset)
        return position

    def _is_behind(self, committed: InputPosition, epoch: int, state: StateEntries, ledger: LedgerMark | None) -> bool:
        """Whether something tells of an input at or beyond the committed offset."""
        done = state.greatest_offset(epoch)
        if ledger is not None and ledger.input_epoch == epoch:
            done = max(done, ledger.input_offset)
        quarantined = self._quarantined(epoch, QUARANTINE_TAIL)[0]
        if quarantined < 0:  # the tail may hold nothing but solved marks
            quarantined = self._quarantined(epoch)[0]
        return max(done, quarantined) >= committed.offset

    def _committed(self, epoch: int) -> InputPosition | None:
        committed = self._reader.committed(self._topics.events, self._partition)
        if committed is None:
            return None
        where = f"committed offset {committed.offset} of {self._topics.events}-{self._partition}"
        said = OffsetMetadata.from_text(committed.metadata, where)
        if (said.topic_id, said.epoch) != (self._topic.topic_id, epoch):
            raise TopicMismatch(
                f"{where} belongs to topic id {said.topic_id} in epoch {said.epoch}, but the topic has id "
                f"{self._topic.topic_id} in epoch {epoch}: delete the offsets of this group to begin with the new topic"
            )
        return InputPosition(committed.offset, said.stream_time)

    def _recorded(self, epoch: int, state: StateEntries, ledger: LedgerMark | None) -> InputPosition:
        greatest, stream_time = self._quarantined(epoch)
        greatest = max(greatest, state.greatest_offset(epoch))
        times = [stream_time, *(event.appended_at for event in state.held if event.input_epoch == epoch)]
        if ledger is not None and ledger.input_epoch == epoch:
            greatest = max(greatest, ledger.input_offset)
            times.append(ledger.recorded_at)
        return InputPosition(greatest + 1, max(times))

    def _quarantined(self, epoch: int, tail: int | None = None) -> tuple[int, int]:
        """Greatest input offset of the epoch in quarantine (-1: none) and greatest append time there.

        `tail`: of its last so many offsets only.
        """
        greatest, stream_time = -1, 0
        low, high = self._reader.watermarks(self._topics.quarantine, self._partition)
        if low == high:
            return greatest, stream_time
        if tail is not None:
            low = max(low, high - tail)
        for chunk in self._reader.read(self._topics.quarantine, self._partition, low):
            for message in chunk:
                said = dict(message.headers() or ())  # ours are the last of their names
                if _number(said.get(headers.QUARANTINE_INPUT_EPOCH)) == epoch:
                    greatest = max(greatest, _number(said.get(headers.QUARANTINE_INPUT_OFFSET)))
                    stream_time = max(stream_time, _number(said.get(headers.QUARANTINE_FIRST_SEEN)))
        return greatest, stream_time

    def _check_range(self, offset: int) -> None:
        low, high = self._reader.watermarks(self._topics.events, self._partition)
        name = f"{self._topics.events}-{self._partition}"
        if offset < low:
            raise TopicMismatch(
                f"{name} begins at offset {low}, but {offset} is the next to be sequenced: {low - offset} offsets were "
                "deleted unread. Restore them, or, to go on without them, delete and create the topic and run "
                "`chatsnapshot migrate`, which begins a new epoch"
            )
        if offset > high:
            raise TopicMismatch(
                f"{name} ends at offset {high}, but everything below {offset} was sequenced: the topic lost records "
                "that are in the ledger. Restore it, or delete and create it and run `chatsnapshot migrate`, which "
                "begins a new epoch"
            )


def _number(value: str | bytes | None) -> int:
    try:
        return int(value or b"")
    except ValueError:
        return -1
