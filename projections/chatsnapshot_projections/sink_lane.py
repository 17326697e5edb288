"""One partition on its way into ClickHouse: what was read, what is being inserted, what comes next. No I/O.

At most two batches are in memory: one closed (announced, inserting or waiting to try again) and one open, plus what a
single fetch brought beyond that (`overflow`); a lane that has no room wants its partition paused.
"""

from collections.abc import Callable, Sequence

from chatsnapshot_projections.sink_batch import Batch, OpenBatch, Record, Source, Stage
from chatsnapshot_projections.sink_offsets import PendingRange

OpenNew = Callable[[Source], OpenBatch]


class Lane:
    """The state of one assigned partition.

    `start`: offset of the first record to read. `replay`: a range that was announced before and may be in, or not.
    `announces`: ranges are committed as pending before they are inserted.
    """

    def __init__(
        self,
        source: Source,
        start: int,
        open_new: OpenNew,
        *,
        replay: PendingRange | None = None,
        announces: bool = True,
    ) -> None:
        self.source = source
        self.announces = announces
        self.replay = replay
        self.received = start
        """Every record below this offset was received; a marker's place counts as received at the end of the log."""
        self.committed = start if replay is None else replay.first
        self.batch: Batch | None = None
        self.stopped: str | None = None
        """Why nothing goes on here; a person must act."""
        self.is_opened = False
        """Whether fetching was started; what arrives before belongs to an earlier assignment."""
        self.is_paused = True
        self.is_reported = False
        """Whether somebody was told that it stopped."""
        self.idle_commit_at = 0.0
        """When the position may be committed next without a batch; monotonic seconds."""
        self._open_new = open_new
        self._open = open_new(source)
        self._open_since = 0.0
        self._overflow: list[Record] = []

    @property
    def size(self) -> int:
        """Bytes of records held in memory, overflow aside."""
        return self._open.size + (self.batch.size if self.batch else 0)

    @property
    def waits_since(self) -> float:
        """When the oldest record of the open batch came."""
        return self._open_since

    @property
    def has_room(self) -> bool:
        """Whether more records may be fetched."""
        if self.stopped or self._overflow or self._open.unreadable:
            return False
        if self.replay is not None:
            return self._open.last < self.replay.last
        return not self._open.is_full

    def may_fetch(self, *, memory_is_full: bool) -> bool:
        """Whether to read on. An announced range is read whatever is in memory: it goes in whole or not at all."""
        return self.has_room and (not memory_is_full or self.replay is not None)

    @property
    def settled_offset(self) -> int | None:
        """The offset up to which everything is stored; None while records are on their way."""
        is_empty = self.batch is None and self._open.records == 0 and not self._overflow
        return self.received if is_empty and self.replay is None and not self.stopped else None

    def take(self, records: Sequence[Record], now: float) -> None:
        """Records in the order of their offsets; those that were seen before are dropped."""
        if self.stopped:
            return
        start = 0
        while start < len(records) and records[start].offset() < self.received:
            start += 1
        if start == len(records):
            return
        self.received = records[-1].offset() + 1
        self._overflow.extend(records[start:])
        self._fill(now)

    def reached_end(self, offset: int) -> None:
        """The log ends before `offset`, the places of transaction markers included."""
        self.received = max(self.received, offset)
        if self.replay is not None and self._open.last < self.replay.last and not self.stopped:
            self._stop_replay(self.replay)

    def is_due(self, now: float, linger_s: float) -> bool:
        """Whether the open batch should be closed now."""
        if self.batch is not None or self.stopped or self._open.records == 0:
            return False
        if self.replay is not None:
            return self._open.last >= self.replay.last
        return self._open.is_full or self._open.unreadable is not None or now - self._open_since >= linger_s

    def close(self, now: float) -> Batch:
        """Fix the range of the open batch, and open the next."""
        done, inserts = self._open, self._open.inserts()
        announced = self.replay is not None or not self.announces or not inserts
        stage = Stage.ANNOUNCED if announced else Stage.CLOSED
        self.batch = Batch(done.first, done.last, done.records, done.size, inserts, stage)
        self.replay = None
        self._open = self._open_new(self.source)
        self._fill(now)
        return self.batch

    def finish(self) -> None:
        """The closed batch is stored and committed."""
        if self.batch is not None:
            self.committed = self.batch.last + 1
            self.batch = None
        self._stop_if_unreadable()

    def stop(self, reason: str) -> None:
        """Nothing more goes in from here. What is in memory is let go: it was not committed, so it is not skipped."""
        self.stopped = reason
        self.batch = None
        self._overflow = []
        self._open = self._open_new(self.source)

    def _fill(self, now: float) -> None:
        if self._overflow and self._open.records == 0:
            self._open_since = now
        if self.replay is not None:
            self._fill_replay(self.replay)
        elif self._overflow:
            taken = self._open.take(self._overflow, 0)
            del self._overflow[:taken]
        self._stop_if_unreadable()

    def _fill_replay(self, replay: PendingRange) -> None:
        """Exactly the announced range: its first record, its last, and all that lie between."""
        if not self._overflow or self._open.last >= replay.last:
            return
        count = sum(1 for record in self._overflow if record.offset() <= replay.last)
        taken = self._open.take(self._overflow[:count], 0, unbounded=True)
        del self._overflow[:taken]
        begins_elsewhere = self._open.first >= 0 and self._open.first != replay.first
        ends_elsewhere = bool(self._overflow) and self._open.last != replay.last and not self._open.unreadable
        if begins_elsewhere or ends_elsewhere:
            self._stop_replay(replay)
        elif self._open.unreadable:
            self.stop(self._open.unreadable)

    def _stop_replay(self, replay: PendingRange) -> None:
        self.stop(f"{self.source}: records {replay.first}-{replay.last} were announced and are not all in the topic")

    def _stop_if_unreadable(self) -> None:
        """What came before an unreadable record is stored first."""
        if self._open.unreadable and self._open.records == 0 and self.batch is None:
            self.stop(self._open.unreadable)
