"""What a decision does: the outputs it writes, and what it changes in memory."""

from chatsnapshot_processors.core.chain_writer import next_record
from chatsnapshot_processors.core.counts import Counts
from chatsnapshot_processors.core.held import HeldEvents, Waiting
from chatsnapshot_processors.core.held_entry import held_put, held_tombstone
from chatsnapshot_processors.core.incoming import CauseKind, Incoming, Refusal
from chatsnapshot_processors.core.record_size import kept_record
from chatsnapshot_processors.core.recorded_state import Overlay
from chatsnapshot_processors.core.records import Duplicate, InputRecord, Output, Quarantined
from chatsnapshot_processors.core.sources import Sources
from chatsnapshot_schemas.rules import Plain


class Outcomes:
    """Collects the outputs of one step; overlay, held events and sources are changed as they are written."""

    def __init__(self, overlay: Overlay, held: HeldEvents, sources: Sources) -> None:
        self.counts = Counts()
        self._overlay = overlay
        self._held = held
        self._sources = sources
        self._outputs: list[Output] = []

    def take(self) -> list[Output]:
        """Hand over the outputs so far, in order."""
        outputs, self._outputs = self._outputs, []
        return outputs

    def record(
        self, event: Incoming, content: tuple[Plain, bytes], expected: int, cause: CauseKind, gap_before: int = 0
    ) -> None:
        """The event gets its place. `expected`: its source's next number; below it, or redriven, it is late."""
        source = event.source
        late = event.redriven or (source is not None and event.number < expected)
        self.counts.recorded += 1
        if late or gap_before or cause == "unresolved":
            self._count_flaws(event, cause, gap_before, late=late)
        head = self._overlay.head(event.correlation)
        recorded = next_record(event, content, head, cause=cause, gap_before=gap_before, late=late)
        self._outputs.append(recorded)
        self._overlay.fold_prepared(recorded.plain, event.correlation, event.digest)
        if source is not None and (late or self._sources.has_used(source)):
            self._outputs.extend(self._sources.account(source, event.number))
        if self._held.count:
            self._held.cause_recorded(event.correlation, event.event_id)
            self._tell_source(event)

    def hold(self, waiting: Waiting, plain: Plain, expected: int) -> None:
        """The event waits. `plain`: its envelope's fields; `expected`: its source's next number."""
        self.counts.held += 1
        self._outputs.append(held_put(waiting, plain, expected))
        waiting.event.content = None
        self._held.add(waiting, expected)

    def end_wait(self, waiting: Waiting) -> None:
        """The event is about to be recorded or quarantined."""
        self._held.remove(waiting)
        self._outputs.append(held_tombstone(waiting))

    def duplicate(self, event: Incoming, *, replay: bool) -> None:
        """Dropped. A replay changes nothing; another duplicate uses up its own number, if no event has it yet."""
        if replay:
            self.counts.replays += 1
        else:
            self.counts.duplicates += 1
        self._outputs.append(Duplicate(event.record, replay))
        if not replay:
            self._use_up_number(event)

    def refuse(self, event: Incoming, refusal: Refusal) -> None:
        """A readable event goes to quarantine and uses up its number."""
        self.quarantine(event.record, event.epoch, event.partition, refusal)
        self._use_up_number(event)

    def quarantine(self, record: InputRecord, epoch: int, partition: int, refusal: Refusal) -> None:
        """An input record goes to quarantine."""
        self.counts.quarantined[refusal.reason] += 1
        self._outputs.append(Quarantined(kept_record(record), refusal.reason, refusal.detail, epoch, partition))

    def _use_up_number(self, event: Incoming) -> None:
        if event.source is not None:
            self._outputs.extend(self._sources.use_up(event.source, event.number))
            self._tell_source(event)

    def _tell_source(self, event: Incoming) -> None:
        if self._held.count and event.source is not None:
            self._held.source_reached(event.source, self._sources.expected(event.source))

    def _count_flaws(self, event: Incoming, cause: CauseKind, gap_before: int, *, late: bool) -> None:
        counts = self.counts
        if late:
            counts.late += 1
            if event.source is not None and not event.redriven and self._sources.is_taken(event.source, event.number):
                counts.source_seq_reused += 1
        if gap_before:
            counts.gaps += 1
            counts.missing += gap_before
        if cause == "unresolved":
            counts.unresolved += 1
