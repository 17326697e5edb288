"""Brings closed batches into ClickHouse, step by step: announce, insert, commit (DESIGN section 7).

Every commit is made by the thread that owns the consumer and runs its rebalance callbacks, so "is it still ours" and
the commit cannot be torn apart. A step that fails is repeated, the same bytes under the same token, for ever and with
growing pauses; a failure that no repetition heals stops the partition.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence

from chatsnapshot_projections.metrics import SinkMetrics
from chatsnapshot_projections.sink_batch import Batch, Mark, Source, Stage
from chatsnapshot_projections.sink_insert import InsertThreads, Result
from chatsnapshot_projections.sink_joining import close
from chatsnapshot_projections.sink_lane import Lane
from chatsnapshot_projections.sink_offsets import Announcement
from chatsnapshot_projections.sink_pace import retry_after_s

log = logging.getLogger(__name__)

Commit = Callable[[Sequence[Mark]], str | None]
"""Commit these offsets with their metadata, waiting for the answer; None when all are in, else why not."""

OnStep = Callable[[str, Source], None]
"""Told after each step of a batch, with its first partition: closed, announced, stored, committed."""

IDLE_COMMIT_AFTER_S = 1.0
"""At the end of the log, transaction markers move the position without a record: committed at most this often."""


class Delivery:
    """The steps of all lanes; everything but the inserts themselves happens in the caller's thread."""

    def __init__(self, commit: Commit, threads: InsertThreads, metrics: SinkMetrics, on_step: OnStep) -> None:
        self._commit = commit
        self._threads = threads
        self._metrics = metrics
        self._on_step = on_step

    @property
    def has_free_thread(self) -> bool:
        """Whether an insert handed over now would start at once."""
        return self._threads.busy < self._threads.count

    def begin(self, lanes: Sequence[Lane]) -> None:
        """Close the open batches of these lanes as one and take its first step. Call only when a thread is free."""
        now = time.monotonic()
        batch = close(lanes, now)
        self._on_step("closed", lanes[0].source)
        self._advance(lanes, batch, now)

    def repeat(self, lanes: Iterable[Lane]) -> None:
        """Take the next step of every batch whose last one failed and that waited long enough."""
        now = time.monotonic()
        for batch, sharing in _by_batch(lanes):
            if not batch.in_flight and now >= batch.retry_at:
                self._advance(sharing, batch, now)

    def collect(self, wait_s: float = 0.0) -> None:
        """Take what the inserts answered, waiting for the first answer at most `wait_s`, and go on from there."""
        for result in self._threads.results(wait_s):
            result.batch.in_flight = False
            lanes = [lane for lane in result.lanes if lane.batch is result.batch]
            if lanes:  # else it was given up meanwhile
                self._go_on(lanes, result)

    def settle(self, lanes: list[Lane], within_s: float) -> None:
        """Let the inserts of these lanes that are under way end and be committed, for a bounded time."""
        deadline = time.monotonic() + within_s
        while any(lane.batch and lane.batch.in_flight for lane in lanes):
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return
            self.collect(wait_s=left_s)

    def commit_idle(self, lane: Lane) -> None:
        """With nothing on its way: commit where the log ends, markers included."""
        offset, now = lane.settled_offset, time.monotonic()
        if offset is None or offset <= lane.committed or now < lane.idle_commit_at:
            return
        lane.idle_commit_at = now + IDLE_COMMIT_AFTER_S
        if self._commit([Mark(lane.source, offset, "")]) is None:
            lane.committed = offset

    def _go_on(self, lanes: Sequence[Lane], result: Result) -> None:
        batch, insert, failure = result.batch, result.insert, result.failure
        now = time.monotonic()
        if failure is None:
            batch.stored += 1
            batch.attempts = 0
            self._metrics.rows.labels(insert.table).inc(insert.rows)
            self._metrics.bytes.labels(insert.table).inc(len(insert.body))
            self._metrics.insert_seconds.labels(insert.table).observe(result.seconds)
            self._advance(lanes, batch, now)
        elif failure.is_permanent:
            _part_or_stop(lanes, batch, f"{insert.token}: ClickHouse refuses it ({failure.code}): {failure.message}")
        else:
            self._retry_later(batch, now, failure.code, f"insert {insert.token}: {failure.message}")

    def _advance(self, lanes: Sequence[Lane], batch: Batch, now: float) -> None:
        first = lanes[0].source
        if batch.stage is Stage.CLOSED:
            if not self._committed(batch, now, _announcing(lanes, batch)):
                return
            batch.stage = Stage.ANNOUNCED
            self._on_step("announced", first)
        if batch.stored < len(batch.inserts):
            if self.has_free_thread:
                self._threads.submit(lanes, batch)
            return
        if batch.stage is Stage.ANNOUNCED:
            batch.stage = Stage.STORED
            self._on_step("stored", first)
        ends = [Mark(lane.source, batch.span_of(lane.source.partition).last + 1, "") for lane in lanes]
        if self._committed(batch, now, ends):
            for lane in lanes:
                lane.finish()
            self._metrics.batches.labels(first.topic).inc()
            self._on_step("committed", first)

    def _committed(self, batch: Batch, now: float, marks: Sequence[Mark]) -> bool:
        refusal = self._commit(marks)
        if refusal is None:
            batch.attempts = 0
            return True
        what = ", ".join(f"{mark.source} {mark.offset}" for mark in marks)
        self._retry_later(batch, now, "commit", f"commit {what}: {refusal}")
        return False

    def _retry_later(self, batch: Batch, now: float, code: str, what: str) -> None:
        batch.attempts += 1
        wait_s = retry_after_s(batch.attempts)
        batch.retry_at = now + wait_s
        self._metrics.retries.labels(code).inc()
        log.warning("attempt %d failed, again in %g s: %s", batch.attempts, wait_s, what)


def _by_batch(lanes: Iterable[Lane]) -> list[tuple[Batch, list[Lane]]]:
    """Closed batches with the lanes that share them."""
    sharing: dict[int, tuple[Batch, list[Lane]]] = {}
    for lane in lanes:
        if lane.batch is not None:
            sharing.setdefault(id(lane.batch), (lane.batch, []))[1].append(lane)
    return list(sharing.values())


def _announcing(lanes: Sequence[Lane], batch: Batch) -> list[Mark]:
    """Each partition's commit names the whole batch: its next owner must be able to repeat it."""
    announced = Announcement(lanes[0].source.topic_id, batch.spans)
    sources = [lane.source for lane in lanes]
    return [Mark(each, batch.span_of(each.partition).first, announced.to_metadata(each.partition)) for each in sources]


def _part_or_stop(lanes: Sequence[Lane], batch: Batch, reason: str) -> None:
    """What is refused for good stops the partition whose it is: partitions that went together go alone once more.

    Rows of theirs that are in already are the same rows, which the tables' keys make one.
    """
    if len(batch.spans) == 1:
        lanes[0].stop(reason)
        return
    log.error("its %d partitions are inserted one by one now: %s", len(batch.spans), reason)
    for lane in lanes:
        lane.repeat(Announcement(lane.source.topic_id, (batch.span_of(lane.source.partition),)))
