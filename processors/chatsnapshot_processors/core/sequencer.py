"""The decision table (DESIGN section 5): one input record in, what to write out. Pure: no clock, no I/O.

Per input record, never per batch: stream time advances, what is due expires, then the first row that fits decides.

 1  not readable: framing, decoding, ids, source        quarantine, uses up no number
 2  not this partition's                                quarantine `misrouted`, uses up no number
 3  `source_seq` beyond expected by over 1,000,000      quarantine `source_seq_jump`, uses up no number
 4  another rule broken                                 quarantine with its reason
 5  id recorded or held: the same fact                  duplicate (same epoch and offset: replay, nothing changes)
 6  id recorded or held: another fact                   quarantine `event_id_conflict`
 7  own id among its local causes                       quarantine `self_cause`
 8  a local cause is not recorded yet                   hold
 9  `source_seq` beyond the expected                    hold
10  `source_seq` below the expected, or redriven        record, late
11  else                                                record

The cause is root without one, else linked, or external if it lives in another correlation (an id there is another id,
so it is never its own cause). From row 4 on the event is readable and uses up its number whatever the decision. After
each decision, ready events are released, the smallest input offset first, until none is ready: rows 8 to 11 again.

At its bound (deadline, or pushed out by limits) an event is recorded with what is there: `gap_before` counts the
numbers that are neither recorded, used nor held, a missing cause is `unresolved` (policy `strict`: quarantine
`cause_missing`). The held events it waits for at that moment, directly or not, go before it in the same way, deepest
first, of several the smaller input offset first; within a cycle the smallest input offset goes first. Whatever becomes
ready on the way is released at once.

A redriven event skips rows 3 and 9 and waits for causes like any other. A tick only moves stream time. `strict` and
limits are those in force at the input record that is being decided; a deadline is the one that was given when the event
was held.
"""

from collections.abc import Iterable, Mapping, Sequence

from chatsnapshot_processors.core.counts import Counts
from chatsnapshot_processors.core.held import HeldEvents, Waiting
from chatsnapshot_processors.core.incoming import Incoming, Position, Refusal
from chatsnapshot_processors.core.outcomes import Outcomes
from chatsnapshot_processors.core.policy import PolicyTimeline, SequencingPolicy
from chatsnapshot_processors.core.reading import Reader, is_tick
from chatsnapshot_processors.core.recorded_state import Overlay, RecordedState
from chatsnapshot_processors.core.records import InputRecord, Output
from chatsnapshot_processors.core.release import Release
from chatsnapshot_processors.core.source_numbers import SOURCE_SEQ_JUMP_MAX
from chatsnapshot_processors.core.sources import Sources
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.reasons import Reason
from chatsnapshot_schemas.state_entries import HeldEvent, NumberRanges, UsedKey


class Sequencer:
    """Sequences one input partition. Made anew from ledger and state topic it goes on with the same bytes."""

    def __init__(
        self,
        *,
        partition: int,
        partitions: int,
        epoch: int,
        framing: Framing,
        policies: Sequence[tuple[int, SequencingPolicy]],
        state: RecordedState,
        held: Iterable[HeldEvent] = (),
        used: Mapping[UsedKey, NumberRanges] | None = None,
        stream_time: int = 0,
    ) -> None:
        """`policies`: (first input offset of this epoch, policy), ascending; `held`, `used`: the state topic's entries,
        `used` in the order in which they were written last; `stream_time`: microseconds, the largest append time seen.
        Raises RegistryUnavailable when a held event's framing needs a registry that does not answer."""
        self.overlay = Overlay(state)
        self.stream_time = stream_time
        self._epoch = epoch
        self._partition = partition
        self._policies = PolicyTimeline(policies)
        self._reader = Reader(partition=partition, partitions=partitions, epoch=epoch, framing=framing)
        self._held = HeldEvents()
        self._sources = Sources(self.overlay, self._held, used or {})
        self._outcomes = Outcomes(self.overlay, self._held, self._sources)
        self._release = Release(self._held, self._sources, self._reader, self._outcomes)
        for entry in sorted(held, key=lambda one: (one.input_epoch, one.input_offset)):
            self._wait_again(entry)

    @property
    def counts(self) -> Counts:
        """What was decided since this sequencer was made."""
        return self._outcomes.counts

    @property
    def held_count(self) -> int:
        """How many events wait."""
        return self._held.count

    @property
    def held_bytes(self) -> int:
        """Sum of their input values' bytes."""
        return self._held.size_bytes

    def earliest_deadline(self) -> int | None:
        """When the next held event reaches its bound, microseconds of stream time; None when none is held."""
        return self._held.earliest_deadline()

    def step(self, record: InputRecord) -> list[Output]:
        """Decide one input record; records come in ascending offset. Returns what to write, in order.

        Raises RegistryUnavailable before anything is changed: the same record can be given again.
        """
        read = self._reader.read(record) if not (record.headers and is_tick(record)) else None
        policy = self._policies.at(record.offset)
        self.stream_time = max(self.stream_time, record.appended_at)
        if self._held.count:
            self._release.expired(self.stream_time, policy)
        if read is None:
            self.counts.ticks += 1
        elif isinstance(read, Refusal):
            self._outcomes.quarantine(record, self._epoch, self._partition, read)
        else:
            self._decide(read, policy)
            if self._held.count:
                self._release.ready()
        return self._outcomes.take()

    def _decide(self, event: Incoming, policy: SequencingPolicy) -> None:
        expected = 0 if event.source is None else self._sources.expected(event.source)
        if event.number - expected > SOURCE_SEQ_JUMP_MAX and not event.redriven:
            self._refuse_jump(event, expected)
        elif event.refusal is not None:
            self._outcomes.refuse(event, event.refusal)
        elif (seen := self._seen(event)) is not None:
            self._decide_seen(event, *seen)
        elif event.event_id in event.causes:
            self._outcomes.refuse(event, Refusal(Reason.SELF_CAUSE, f"{event.event_id} is among its own causes"))
        else:
            self._place(event, expected, policy)

    def _place(self, event: Incoming, expected: int, policy: SequencingPolicy) -> None:
        missing, blocked = self._missing_causes(event), _is_blocked(event, expected)
        if missing or blocked:
            waiting = Waiting(event, self.stream_time + policy.hold_micros, missing, blocked)
            self._outcomes.hold(waiting, self._reader.content(event)[0], expected)
            self._release.over_limits(event.correlation, policy)
        else:
            self._outcomes.record(event, self._reader.content(event), expected, event.cause)

    def _refuse_jump(self, event: Incoming, expected: int) -> None:
        detail = f"source_seq {event.number}, expected {expected}: over {SOURCE_SEQ_JUMP_MAX:,} ahead"
        refusal = Refusal(Reason.SOURCE_SEQ_JUMP, detail)
        self._outcomes.quarantine(event.record, event.epoch, event.partition, refusal)

    def _seen(self, event: Incoming) -> tuple[Position, bytes] | None:
        known = self.overlay.known(event.correlation, event.event_id)
        if known is not None:
            return (known.epoch, known.offset), known.digest
        waiting = self._held.find(event.correlation, event.event_id) if self._held.count else None
        return None if waiting is None else (waiting.position, waiting.event.digest)

    def _decide_seen(self, event: Incoming, position: Position, digest: bytes) -> None:
        if event.digest == digest:
            self._outcomes.duplicate(event, replay=event.position == position)
        else:
            detail = f"{event.event_id} is another fact, from epoch {position[0]}, offset {position[1]}"
            self._outcomes.refuse(event, Refusal(Reason.EVENT_ID_CONFLICT, detail))

    def _missing_causes(self, event: Incoming) -> set[str]:
        if not event.causes:
            return set()
        correlation, known = event.correlation, self.overlay.known
        if len(event.causes) == 1:  # nearly always
            return set() if known(correlation, event.causes[0]) is not None else set(event.causes)
        return {cause for cause in event.causes if known(correlation, cause) is None}

    def _wait_again(self, entry: HeldEvent) -> None:
        event = self._reader.held(entry)
        expected = 0 if event.source is None else self._sources.expected(event.source)
        waiting = Waiting(event, entry.deadline, self._missing_causes(event), _is_blocked(event, expected))
        self._held.add(waiting, expected)


def _is_blocked(event: Incoming, expected: int) -> bool:
    return event.number > expected and event.source is not None and not event.redriven
