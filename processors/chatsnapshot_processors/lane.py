"""One lane: one thread that owns one input partition as long as it is assigned."""

import logging
from collections.abc import Callable
from threading import Event, Thread
from time import monotonic

from chatsnapshot_processors.batch_transaction import Abandoned, BatchOutcome
from chatsnapshot_processors.batching import Batch, Batching, record_bytes
from chatsnapshot_processors.group_metadata import GroupMembership
from chatsnapshot_processors.intake import Intake
from chatsnapshot_processors.kafka_needs import refusal_of
from chatsnapshot_processors.lane_opening import LaneContext, OpenLane, open_lane
from chatsnapshot_processors.lane_producer import FailureKind, failure_kind
from chatsnapshot_processors.rocks_keys import LedgerMark
from chatsnapshot_schemas.errors import BrokerUnavailable, ChatSnapshotError, FatalError, RegistryUnavailable

log = logging.getLogger(__name__)

_BACKOFF_S = 0.5
_BACKOFF_MAX_S = 8.0


class Lane:
    """Opens its partition, works, and begins again after failures until it is stopped or gives up.

    Other threads read `intake`, `position`, `deadline`, `idle` and `alive_at`, and call `stop`, `join`. `on_fatal`
    is called from the lane's thread when a person or supervisor must act.
    """

    def __init__(
        self,
        context: LaneContext,
        partition: int,
        membership: GroupMembership,
        on_fatal: Callable[[Exception], None],
        predecessor: "Lane | None" = None,
    ) -> None:
        self.partition = partition
        self.intake: Intake | None = None
        """None while the lane is not open."""
        self.position = -1
        """Next input offset; -1 before the first opening."""
        self.deadline: int | None = None
        """When the earliest held event reaches its bound, microseconds of stream time."""
        self.idle = False
        """Whether everything fetched so far is committed."""
        self.alive_at = monotonic()
        """When the thread last got on: looked for input, committed, restored some of its state."""
        self._context = context
        self._limits = context.config.limits
        self._membership = membership
        self._on_fatal = on_fatal
        self._predecessor = predecessor
        self._stopping = Event()
        self._failures = 0
        self._counted: dict[str, int] = {}
        """What the open lane's sequencer counted up to its last commit."""
        self._thread = Thread(target=self._run, name=f"lane-{partition}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the lane to end: a running commit is finished, anything else is aborted."""
        self._stopping.set()
        if (intake := self.intake) is not None:
            intake.close()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; whether it came."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._wait_for_predecessor()
            while not self._stopping.is_set():
                self._attempt()
        except Exception as error:
            self._on_fatal(error)

    def _wait_for_predecessor(self) -> None:
        """The cache folder belongs to one lane at a time."""
        before, self._predecessor = self._predecessor, None
        if before is not None and not before.join(self._limits.transaction_timeout_s * 2):
            raise FatalError(f"partition {self.partition}: the lane of an earlier assignment does not end")

    def _attempt(self) -> None:
        """Open and work until stopped. Raises what a person or supervisor must see."""
        try:
            opened = open_lane(self._context, self.partition, self._membership, self._lives)
            try:
                self._work(opened)
            finally:
                self._leave(opened)
        except Abandoned:
            log.debug("partition %d: taken away, its open transaction is aborted", self.partition)
        except (FatalError, RegistryUnavailable):
            raise
        except Exception as error:
            refused = refusal_of(self._context.config, error)
            if refused is not None:
                raise refused from error
            self._failed(error)

    def _work(self, opened: OpenLane) -> None:
        self._context.metrics.lanes_open(1)
        self._counted = {}
        intake = Intake(self.partition, opened.start, self._limits.queued_fetches_max)
        batching = Batching(intake, self._limits)
        self._note(opened, opened.start)
        self.intake = intake
        while not self._stopping.is_set():
            self._lives()
            self.idle = batching.empty
            batch = batching.next()
            if batch.following > self.position:
                self.idle = False
                self._commit(opened, batch)
            if opened.roots is not None and not self._stopping.is_set():
                opened.roots.step()

    def _leave(self, opened: OpenLane) -> None:
        self.idle = False
        self.deadline = None
        if self.intake is not None:
            self.intake.close()
            self.intake = None
            self._context.metrics.lanes_open(-1)
        opened.close()

    def _commit(self, opened: OpenLane, batch: Batch) -> None:
        began = monotonic()
        self._context.identity.confirm(opened.topic_id, since=began)
        outcome = opened.transaction.run(batch, opened.notes, self._stopping.is_set)
        opened.notes = []
        if outcome.recorded:
            changes = opened.sequencer.overlay.take_changes()
            opened.state.apply(changes, mark_after(opened.state.mark, outcome))
        self._failures = 0
        self._note(opened, batch.following)
        self._measure(opened, batch, outcome, monotonic() - began)

    def _measure(self, opened: OpenLane, batch: Batch, outcome: BatchOutcome, seconds: float) -> None:
        """What is rolled back is never counted, for its sequencer is thrown away."""
        metrics, before = self._context.metrics, self._counted
        self._counted = opened.sequencer.counts.decided()
        metrics.decided(self.partition, before, self._counted)
        size = sum(map(record_bytes, batch.records))
        metrics.committed(self.partition, len(batch.records), size, outcome, seconds)

    def _note(self, opened: OpenLane, position: int) -> None:
        sequencer = opened.sequencer
        self.position = position
        self.deadline = sequencer.earliest_deadline()
        self._lives()
        self._context.metrics.lane(self.partition, position, sequencer.held_count, sequencer.held_bytes)

    def _lives(self) -> None:
        self.alive_at = monotonic()

    def _failed(self, error: Exception) -> None:
        """Wait before the next attempt, or give up. Raises when giving up."""
        kind = failure_kind(error)
        self._failures += 1
        self._context.metrics.failed(kind)
        defect = kind is FailureKind.OTHER and not isinstance(error, ChatSnapshotError)
        log.warning("partition %d begins again (%s): %s", self.partition, kind, error, exc_info=defect)
        if self._failures >= self._limits.failures_max:
            raise _giving_up(self.partition, self._failures, kind, error) from error
        self._stopping.wait(self._backoff_s(kind))
        self._lives()

    def _backoff_s(self, kind: FailureKind) -> float:
        """A lane that was refused waits until its consumer must have heard that it lost the partition.

        At once it would fence the new owner.
        """
        if kind in (FailureKind.FENCED, FailureKind.STALE_MEMBERSHIP):
            return self._context.config.heartbeat_s + 1.0
        return float(min(_BACKOFF_S * 2 ** (self._failures - 1), _BACKOFF_MAX_S))


def mark_after(before: LedgerMark | None, outcome: BatchOutcome) -> LedgerMark:
    """The mark once a batch with at least one ledger record is applied."""
    if outcome.last_recorded is None or outcome.last_ledger_offset < 0:
        raise FatalError("a committed ledger record has no offset")
    position, recorded_at = outcome.greatest_input, outcome.greatest_recorded_at
    if before is not None:
        position = max(position, (before.input_epoch, before.input_offset))
        recorded_at = max(recorded_at, before.recorded_at)
    return LedgerMark(outcome.last_ledger_offset, outcome.last_recorded.plain["hash"], *position, recorded_at)


def _giving_up(partition: int, failures: int, kind: FailureKind, error: Exception) -> ChatSnapshotError:
    said = f"partition {partition} failed {failures} times in a row, last: {error}"
    return FatalError(said) if kind is FailureKind.OTHER else BrokerUnavailable(said)
