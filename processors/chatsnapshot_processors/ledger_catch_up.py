"""Bringing the cached state up to the ledger's end."""

import logging
from collections.abc import Callable
from typing import Any

from confluent_kafka import Message

from chatsnapshot_processors.core.recorded_state import Overlay
from chatsnapshot_processors.rocks_keys import LedgerMark
from chatsnapshot_processors.rocks_state import RocksState
from chatsnapshot_processors.topic_reading import PartitionReader
from chatsnapshot_schemas.chain import HASH_BYTES
from chatsnapshot_schemas.codec import decode_ledger_plain
from chatsnapshot_schemas.errors import CorruptLedger, InvalidEvent
from chatsnapshot_schemas.framing import Framing

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
        overlay = Overlay(state)
        applied = 0
        for chunk in self._reader.read(self._topic, self._partition, start):
            mark = self._fold(overlay, chunk, state.mark)
            state.apply(overlay.take_changes(), mark)
            applied += len(chunk)
            self._progress()
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

    def _fold(self, overlay: Overlay, chunk: list[Message], before: LedgerMark | None) -> LedgerMark:
        position = (before.input_epoch, before.input_offset) if before else (-1, -1)
        recorded_at = before.recorded_at if before else 0
        body = b""
        for message in chunk:
            body = self._body(message)
            plain = decode_ledger_plain(body)
            overlay.fold(plain)
            position = max(position, (plain["input_epoch"], plain["input_offset"]))
            recorded_at = max(recorded_at, plain["recorded_at"])
        return LedgerMark(_offset(chunk[-1]), body[:HASH_BYTES], *position, recorded_at)

    def _body(self, message: Message) -> bytes:
        value: Any = message.value()
        try:
            return self._framing.ledger_body(value)
        except InvalidEvent as error:
            raise CorruptLedger(
                f"{self._topic}-{self._partition}, offset {message.offset()} is no ledger record: {error}"
            ) from None


def _offset(message: Message) -> int:
    offset = message.offset()
    assert offset is not None
    return offset
