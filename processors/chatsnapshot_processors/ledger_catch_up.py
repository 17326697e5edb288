"""Bringing the cached state up to the ledger's end."""

import logging
from collections.abc import Callable
from typing import Any

from confluent_kafka import Message

from chatsnapshot_processors.core.ledger_facts import ledger_facts
from chatsnapshot_processors.restored_chunk import RestoredChunk
from chatsnapshot_processors.rocks_keys import LedgerMark
from chatsnapshot_processors.rocks_state import RocksState
from chatsnapshot_processors.topic_reading import PartitionReader
from chatsnapshot_schemas.chain import HASH_BYTES
from chatsnapshot_schemas.errors import CorruptLedger, InvalidEvent
from chatsnapshot_schemas.framing import Framing

APPLIED_RECORDS = 20_000
"""Written to the cache at once, about 10 MB: of a run's records only the last head and numbers have to be written."""
log = logging.getLogger(__name__)


class LedgerCatchUp:
    """One partition of the ledger topic, applied to its cache."""

    def __init__(
        self,
        reader: PartitionReader,
        topic: str,
        partition: int,
        framing: Framing,
        progress: Callable[[], None],
    ) -> None:
        self._reader = reader
        self._topic = topic
        self._partition = partition
        self._framing = framing
        self._progress = progress

    def run(self, state: RocksState) -> int:
        """Apply what is missing; how many records that were. A cache that does not fit the ledger is rebuilt.

        Raises CorruptLedger for a ledger that does not begin at its beginning or holds something else.
        """
        if state.mark is not None and not self._fits(state.mark):
            log.warning("%s-%d: the cache does not fit the ledger and is rebuilt", self._topic, self._partition)
            state.discard()
        if state.mark is None:
            self._check_whole()
        start = 0 if state.mark is None else state.mark.ledger_offset + 1
        applied, restored = 0, RestoredChunk(state)
        for chunk in self._reader.read(self._topic, self._partition, start):
            self._fold(restored, chunk)
            applied += len(chunk)
            if len(restored.known) >= APPLIED_RECORDS:
                restored = _apply(state, restored)
            self._progress()
        _apply(state, restored)
        return applied

    def _fits(self, mark: LedgerMark) -> bool:
        """Whether the ledger has the marked record."""
        low, high = self._reader.watermarks(self._topic, self._partition)
        if not low <= mark.ledger_offset < high:
            return False
        for chunk in self._reader.read(self._topic, self._partition, mark.ledger_offset):
            first = chunk[0]
            return first.offset() == mark.ledger_offset and self._body(first)[:HASH_BYTES] == mark.hash
        return False

    def _check_whole(self) -> None:
        low, _ = self._reader.watermarks(self._topic, self._partition)
        if low > 0:
            raise CorruptLedger(
                f"{self._topic}-{self._partition} begins at offset {low}: its beginning was deleted, so chains cannot "
                "be continued; restore the topic (the ledger must never be cleaned up)"
            )

    def _fold(self, restored: RestoredChunk, chunk: list[Message]) -> None:
        for message in chunk:
            restored.fold(ledger_facts(self._body(message)))
        restored.ledger_offset = _offset(chunk[-1])

    def _body(self, message: Message) -> bytes:
        value: Any = message.value()
        try:
            return self._framing.ledger_body(value)
        except InvalidEvent as error:
            raise CorruptLedger(
                f"{self._topic}-{self._partition}, offset {message.offset()} is no ledger record: {error}"
            ) from None


def _apply(state: RocksState, restored: RestoredChunk) -> RestoredChunk:
    """Write what was folded; what follows goes into a new one."""
    if restored.known:
        state.apply_restored(restored, restored.mark(state.mark))
    return RestoredChunk(state)


def _offset(message: Message) -> int:
    offset = message.offset()
    assert offset is not None
    return offset
