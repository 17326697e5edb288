"""Ledger records read back, folded into what the cache stores.

What `Overlay.fold` and `RocksState.apply` do, without the objects in between: nobody reads them meanwhile.
"""

from chatsnapshot_processors import rocks_keys as keys
from chatsnapshot_processors.core.ledger_facts import LedgerFacts
from chatsnapshot_processors.core.recorded_state import Head, RecordedState
from chatsnapshot_processors.core.source_numbers import START, SourceNumbers, after_record


class RestoredChunk:
    """Records of one partition, folded in the order of the ledger. Its size is that of the chunk it is made of."""

    def __init__(self, base: RecordedState) -> None:
        self.heads: dict[bytes, Head] = {}
        self.numbers: dict[tuple[bytes, str], SourceNumbers] = {}
        self.known: list[tuple[bytes, bytes]] = []
        """Keys and values as they are stored."""
        self.ledger_offset = -1
        """Of the last record, set by who reads them."""
        self._hash = b""
        self._epoch, self._offset = -1, -1
        self._recorded_at = 0
        self._base = base

    def fold(self, facts: LedgerFacts) -> None:
        """Apply one record."""
        head, sequence_no, recorded_at, epoch, offset, gap, late, correlation, event_id, fact, number, whose = facts
        self.heads[correlation] = Head(sequence_no, head)
        self._hash = head
        self.known.append((keys.known_id_key(correlation, event_id), keys.pack_known(epoch, offset, fact)))
        if epoch > self._epoch or (epoch == self._epoch and offset > self._offset):
            self._epoch, self._offset = epoch, offset
        if recorded_at != self._recorded_at:  # most have the time of the one before
            self._recorded_at = max(self._recorded_at, recorded_at)
        if number is None or whose is None:
            return
        source = correlation, whose
        before = self.numbers.get(source) or self._base.numbers(*source) or START
        self.numbers[source] = (
            SourceNumbers(number + 1, before.gaps)
            if number == before.next
            else after_record(before, number, late=late, gap_before=gap)
        )

    def mark(self, before: keys.LedgerMark | None) -> keys.LedgerMark:
        """The mark once this is applied to a cache that stood at `before`."""
        position, recorded_at = (self._epoch, self._offset), self._recorded_at
        if before is not None:
            position = max(position, (before.input_epoch, before.input_offset))
            recorded_at = max(recorded_at, before.recorded_at)
        return keys.LedgerMark(self.ledger_offset, self._hash, *position, recorded_at)
