"""Brings closed batches into ClickHouse, step by step: announce, insert, commit (DESIGN section 7).

Every commit is made by the thread that owns the consumer and runs its rebalance callbacks, so "is it still ours" and
the commit cannot be torn apart. A step that fails is repeated, the same bytes under the same token, for ever and with
growing pauses; a failure that no repetition heals stops the partition.
"""

import logging
import time
from collections.abc import Callable, Iterable

from chatsnapshot_projections.metrics import SinkMetrics
from chatsnapshot_projections.sink_batch import Batch, Source, Stage
from chatsnapshot_projections.sink_insert import InsertThreads, Result
from chatsnapshot_projections.sink_lane import Lane
from chatsnapshot_projections.sink_offsets import PendingRange
from chatsnapshot_projections.sink_pace import retry_after_s

log = logging.getLogger(__name__)

Commit = Callable[[Source, int, str], str | None]
"""Commit an offset with metadata, waiting for the answer; None when it is in, else why not."""

OnStep = Callable[[str, Source], None]
"""Told after each step of a batch: closed, announced, stored, committed."""

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

    def begin(self, lane: Lane) -> None:
        """Close the lane's open batch and take its first step. Call only when a thread is free."""
        now = time.monotonic()
        batch = lane.close(now)
        self._on_step("closed", lane.source)
        self._advance(lane, batch, now)

    def repeat(self, lanes: Iterable[Lane]) -> None:
        """Take the next step of every batch whose last one failed and that waited long enough."""
        now = time.monotonic()
        for lane in lanes:
            batch = lane.batch
            if batch is not None and not batch.in_flight and now >= batch.retry_at:
                self._advance(lane, batch, now)

    def collect(self, wait_s: float = 0.0) -> None:
        """Take what the inserts answered, waiting for the first answer at most `wait_s`, and go on from there."""
        for result in self._threads.results(wait_s):
            result.batch.in_flight = False
            if result.lane.batch is result.batch:  # else it was given up meanwhile
                self._go_on(result)

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
        if self._commit(lane.source, offset, "") is None:
            lane.committed = offset

    def _go_on(self, result: Result) -> None:
        lane, batch, insert, failure = result.lane, result.batch, result.insert, result.failure
        now = time.monotonic()
        if failure is None:
            batch.stored += 1
            batch.attempts = 0
            self._metrics.rows.labels(insert.table).inc(insert.rows)
            self._metrics.bytes.labels(insert.table).inc(len(insert.body))
            self._metrics.insert_seconds.labels(insert.table).observe(result.seconds)
            self._advance(lane, batch, now)
        elif failure.is_permanent:
            lane.stop(f"{insert.token}: ClickHouse refuses it ({failure.code}): {failure.message}")
        else:
            self._retry_later(lane, batch, now, failure.code, f"insert {insert.token}: {failure.message}")

    def _advance(self, lane: Lane, batch: Batch, now: float) -> None:
        if batch.stage is Stage.CLOSED:
            pending = PendingRange(lane.source.topic_id, batch.first, batch.last)
            if not self._committed(lane, batch, now, batch.first, pending.to_metadata()):
                return
            batch.stage = Stage.ANNOUNCED
            self._on_step("announced", lane.source)
        if batch.stored < len(batch.inserts):
            if self.has_free_thread:
                self._threads.submit(lane, batch)
            return
        if batch.stage is Stage.ANNOUNCED:
            batch.stage = Stage.STORED
            self._on_step("stored", lane.source)
        if self._committed(lane, batch, now, batch.last + 1, ""):
            lane.finish()
            self._metrics.batches.labels(lane.source.topic).inc()
            self._on_step("committed", lane.source)

    def _committed(self, lane: Lane, batch: Batch, now: float, offset: int, metadata: str) -> bool:
        refusal = self._commit(lane.source, offset, metadata)
        if refusal is None:
            batch.attempts = 0
            return True
        self._retry_later(lane, batch, now, "commit", f"commit {lane.source} {offset}: {refusal}")
        return False

    def _retry_later(self, lane: Lane, batch: Batch, now: float, code: str, what: str) -> None:
        batch.attempts += 1
        wait_s = retry_after_s(batch.attempts)
        batch.retry_at = now + wait_s
        self._metrics.retries.labels(code).inc()
        log.warning("%s: attempt %d failed, again in %g s: %s", lane.source, batch.attempts, wait_s, what)
