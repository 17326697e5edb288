"""One partition on its way into ClickHouse: what was read, what is being inserted, what comes next. No I/O.

At most two batches are in memory: one closed (announced, inserting or waiting to try again) and one open, plus what a
single fetch brought beyond that (`overflow`); a lane that has no room wants its partition paused.
"""

from collections.abc import Callable, Sequence

from chatsnapshot_projections.sink_batch import Batch, OpenBatch, Record, Source
from chatsnapshot_projections.sink_offsets import Announcement

OpenNew = Callable[[Source], OpenBatch]


class Lane:
    """The state of one assigned partition.

    `start`: offset of the first record to read. `repeats`: a batch that was announced before and may be in, or not;
    its records are read again apart from the lane (see `sink_repeat`). `announces`: ranges are committed as pending
    before they are inserted.
    """

    def __init__(
        self,
        source: Source,
        start: int,
        open_new: OpenNew,
        *,
        repeats: Announcement | None = None,
        announces: bool = True,
    ) -> None:
        self.source = source
        self.announces = announces
        self.received = start
        """Every record below this offset was received; a marker's place counts as received at the end of the log."""
        self.committed = start
        self.batch: Batch | None = None
        self.repeats: Announcement | None = None
        """What must go in, exactly so, before anything else."""
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
        if repeats is not None:
            self.repeat(repeats)

    @property
    def open_batch(self) -> OpenBatch:
        """What was read and is in no closed batch yet."""
        return self._open

    @property
    def waits_since(self) -> float:
        """When the oldest record of the open batch came."""
        return self._open_since

    @property
    def has_room(self) -> bool:
        """Whether more records may be fetched."""
        return not (self.stopped or self._overflow or self._open.unreadable or self._open.is_full)

    @property
    def may_close(self) -> bool:
        """Whether the open batch has something, and nothing is to go in before it."""
        return self.batch is None and self.repeats is None and not self.stopped and self._open.records > 0

    @property
    def settled_offset(self) -> int | None:
        """The offset up to which everything is stored; None while records are on their way."""
        is_empty = self.batch is None and self._open.records == 0 and not self._overflow
        return self.received if is_empty and self.repeats is None and not self.stopped else None

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

    def is_due(self, now: float, linger_s: float) -> bool:
        """Whether the open batch should be closed now."""
        is_complete = self._open.is_full or self._open.unreadable is not None
        return self.may_close and (is_complete or now - self._open_since >= linger_s)

    def hold(self, batch: Batch, now: float) -> None:
        """The open batch is part of this closed one; open the next."""
        self.batch = batch
        self._open = self._open_new(self.source)
        self._fill(now)

    def repeat(self, announced: Announcement) -> None:
        """Let this go in, exactly so, before anything else."""
        self.batch = None
        self.repeats = announced
        last = next(span.last for span in announced.spans if span.partition == self.source.partition)
        self.received = max(self.received, last + 1)

    def go_on_with(self, batch: Batch) -> None:
        """What was to be repeated was read again."""
        self.batch, self.repeats = batch, None

    def finish(self) -> None:
        """The closed batch is stored and committed."""
        if self.batch is not None:
            self.committed = self.batch.span_of(self.source.partition).last + 1
            self.batch = None
        self._stop_if_unreadable()

    def stop(self, reason: str) -> None:
        """Nothing more goes in from here. What is in memory is let go: it was not committed, so it is not skipped."""
        self.stopped = reason
        self.batch = self.repeats = None
        self._overflow = []
        self._open = self._open_new(self.source)

    def _fill(self, now: float) -> None:
        if self._overflow and self._open.records == 0:
            self._open_since = now
        if self._overflow:
            taken = self._open.take(self._overflow, 0)
            del self._overflow[:taken]
        self._stop_if_unreadable()

    def _stop_if_unreadable(self) -> None:
        """What came before an unreadable record is stored first."""
        if self._open.unreadable and self._open.records == 0 and self.batch is None and self.repeats is None:
            self.stop(self._open.unreadable)
