"""Solves quarantine records: partition after partition, batch after batch, each batch one transaction."""

import random
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chatsnapshot.kafka.admin import partition_count
from chatsnapshot.reading.sources import Sources
from chatsnapshot.redriving.known_facts import KnownFacts
from chatsnapshot.redriving.outcome import Outcome, intended, refused, seen_again, written
from chatsnapshot.redriving.quarantine_log import QuarantineLog, Waiting
from chatsnapshot.redriving.selection import Chosen, Scope, Selection, by_partition
from chatsnapshot_processors.redrive.edit import NO_EDIT, Edit
from chatsnapshot_processors.redrive.plan import FactId, KnownFact, NewInput, Target, planned, solution
from chatsnapshot_processors.redrive.solving import BY_CHARS_MAX, Decision, Solving
from chatsnapshot_processors.redrive.writer import SolutionWriter
from chatsnapshot_schemas.envelope import moment
from chatsnapshot_schemas.errors import (
    AlreadySolved,
    BrokerUnavailable,
    ConfigurationError,
    InvalidEvent,
    NotFound,
    QuarantineBusy,
    RedriveRefused,
    WrongTenant,
)
from chatsnapshot_schemas.json_form import time_text
from chatsnapshot_schemas.quarantine_entries import (
    BECAUSE_CHARS_MAX,
    Identity,
    InputPlace,
    QuarantinedInput,
    Solution,
    SolvedMark,
    identity_of,
)

BATCH_RECORDS_MAX = 200
"""One transaction: readers of the run's partition wait for it, so it is to be short."""
BATCH_BYTES_MAX = 4 * 1024 * 1024
ATTEMPTS_MAX = 6
"""In a row, without one batch committed in between."""
_BACKOFF_S = (0.2, 0.5)
"""Drawn at random and doubled: two who fence each other must not do it in step."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done with the chosen records. `edit` None: discard them."""

    by: str
    because: str = ""
    edit: Edit | None = None
    dry_run: bool = False

    def __post_init__(self) -> None:
        if not self.by.strip() or len(self.by) > BY_CHARS_MAX or not self.by.isprintable():
            raise ConfigurationError(f"by: a name of 1 to {BY_CHARS_MAX} printable characters is needed")
        if len(self.because) > BECAUSE_CHARS_MAX:
            raise ConfigurationError(f"because: at most {BECAUSE_CHARS_MAX:,} characters, not {len(self.because):,}")
        if self.edit is None and not self.because.strip():
            raise ConfigurationError("because: a reason is needed to discard an event")


class Redriver:
    """For one caller. `waiting` is told why it takes long.

    Methods raise BrokerUnavailable, ClickHouseUnavailable, RegistryUnavailable, AccessRefused, QuarantineBusy; what was
    reported until then is done, the rest waits as before.
    """

    def __init__(self, sources: Sources, scope: Scope, waiting: Waiting = lambda why: None) -> None:
        self._sources = sources
        self._scope = scope
        self._waiting = waiting
        self._known = KnownFacts(sources.queries)
        self.selection = Selection(sources.queries, scope)

    def solve(self, chosen: Sequence[Chosen], order: Order) -> Iterator[Outcome]:
        """One outcome for each chosen record, in the order in which they are committed. Nothing is done before the
        first is asked for."""
        attempt = uuid.uuid4().hex
        for partition, records in by_partition(chosen).items():
            wanted = {each.place: each for each in records}
            yield from self._partition(partition, wanted, order, attempt)

    def _partition(
        self, partition: int, wanted: dict[InputPlace, Chosen], order: Order, attempt: str
    ) -> Iterator[Outcome]:
        failures = 0
        while wanted:
            try:
                for outcome in self._pass(partition, wanted, order, attempt):
                    del wanted[outcome.place]
                    failures = 0
                    yield outcome
            except (QuarantineBusy, BrokerUnavailable):
                failures += 1
                if failures >= ATTEMPTS_MAX:
                    raise
                time.sleep(random.uniform(*_BACKOFF_S) * 2 ** (failures - 1))

    def _pass(self, partition: int, wanted: dict[InputPlace, Chosen], order: Order, attempt: str) -> Iterator[Outcome]:
        """Everything that is still wanted, under one fence."""
        with QuarantineLog(self._sources.kafka, self._sources.topics.quarantine, partition) as log:
            if order.dry_run:
                partitions = partition_count(self._sources.kafka, self._sources.topics.events)
                target = Target(self._sources.topics.events, partitions, self._sources.framing)
                yield from self._under_fence(log, wanted, order, attempt, target, None)
                return
            writer = SolutionWriter(self._sources.kafka, self._sources.topics, partition, self._sources.framing)
            with writer:
                log.settle(self._waiting)
                yield from self._under_fence(log, wanted, order, attempt, writer.target, writer)

    def _under_fence(
        self,
        log: QuarantineLog,
        wanted: dict[InputPlace, Chosen],
        order: Order,
        attempt: str,
        target: Target,
        writer: SolutionWriter | None,
    ) -> Iterator[Outcome]:
        start = min(each.quarantine_offset for each in wanted.values())
        marks = log.marks(start, wanted)
        for place, mark in marks.items():
            yield _seen(place, mark, wanted[place].reason, attempt)
        left = set(wanted)
        for batch in _batches(log.inputs(start, left), left):
            yield from self._batch(batch, order, attempt, target, writer)
        for place in left:
            missing = NotFound(f"{place} is not in the quarantine topic any more")
            yield refused(place, missing, wanted[place].reason)

    def _batch(
        self,
        batch: list[QuarantinedInput],
        order: Order,
        attempt: str,
        target: Target,
        writer: SolutionWriter | None,
    ) -> Iterator[Outcome]:
        decision = Decision(order.by, time.time_ns() // 1000, order.because, attempt)
        solvings: list[Solving] = []
        for solving in self._decided(batch, order, decision, target):
            if isinstance(solving, Outcome):
                yield solving
            else:
                solvings.append(solving)
        if writer is None:
            yield from map(intended, solvings)
        elif solvings:
            yield from map(written, solvings, writer.write(solvings))

    def _decided(
        self, batch: list[QuarantinedInput], order: Order, decision: Decision, target: Target
    ) -> Iterator[Solving | Outcome]:
        prepared: list[tuple[QuarantinedInput, Identity, NewInput | None]] = []
        for found in batch:
            try:
                prepared.append(self._prepared(found, order, target))
            except (RedriveRefused, InvalidEvent, WrongTenant) as error:
                yield refused(found.place, error, found.reason)
        known = self._known.recorded(new for _, _, new in prepared if new is not None)
        for found, identity, new in prepared:
            try:
                chosen = Solution.DISCARDED if new is None else self._chosen(new, order, known)
                yield Solving(found, identity, chosen, decision, new)
            except RedriveRefused as error:
                yield refused(found.place, error, found.reason)

    def _chosen(self, new: NewInput, order: Order, known: dict[FactId, KnownFact]) -> Solution:
        chosen = solution(new, order.edit or NO_EDIT, known.get(new.fact_id))
        if chosen is Solution.REDRIVEN:
            self._known.send(new)
        return chosen

    def _prepared(
        self, found: QuarantinedInput, order: Order, target: Target
    ) -> tuple[QuarantinedInput, Identity, NewInput | None]:
        identity = identity_of(target.framing, found.key, found.value, found.reason)
        self._scope.check(identity.tenant_id)
        if order.edit is None:
            return found, identity, None
        new = planned(found, order.edit, target)
        self._scope.check(new.fact_id[0])
        return found, identity, new


def _batches(inputs: Iterator[QuarantinedInput], left: set[InputPlace]) -> Iterator[list[QuarantinedInput]]:
    """Within the bounds of a transaction, each place once: those that come are taken out of `left`."""
    batch: list[QuarantinedInput] = []
    size = 0
    for found in inputs:
        if found.place not in left:
            continue
        left.discard(found.place)
        more = len(found.value or b"") + len(found.key or b"")
        if batch and (len(batch) >= BATCH_RECORDS_MAX or size + more > BATCH_BYTES_MAX):
            yield batch
            batch, size = [], 0
        batch.append(found)
        size += more
    if batch:
        yield batch


def _seen(place: InputPlace, mark: SolvedMark | None, reason: str, attempt: str) -> Outcome:
    """What a mark says that was there already."""
    if mark is None:
        return refused(place, AlreadySolved(f"{place} is solved already"), reason)
    if mark.attempt == attempt:
        return seen_again(place, mark)
    when = time_text(moment(mark.at))
    return refused(place, AlreadySolved(f"{place} was {mark.solution} by {mark.by} at {when}"), reason)
