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

The cause is root without one, else linked, or external if it lives in another correlation (an id there is another id, so it
is never its own cause). From row 4 on the event is readable and uses up its number whatever the decision. After each
decision, ready events are released, the smallest input offset first, until none is ready: rows 8 to 11 again.

At its bound (deadline, or pushed out by limits) an event is recorded with what is there: `gap_before` counts the numbers that
are neither recorded, used nor held, a missing cause is `unresolved` (policy `strict`: quarantine `cause_missing`). The held
events it waits for go first, in the same way; within a cycle the smallest input offset goes first. Whatever becomes ready on
the way is released at once.

A redriven event skips rows 3 and 9 and waits for causes like any other. A tick only moves stream time. `strict` and limits
are those in force at the input record that is being decided; a deadline is the one that was given when the event was held.
"""

from collections.abc import Iterable, Mapping, Sequence

from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.reasons import Reason
from chatsnapshot_schemas.state_entries import HeldEvent, NumberRanges, UsedKey, held_key

from chatsnapshot_processors.core.chain_writer import next_record
from chatsnapshot_processors.core.counts import Counts
from chatsnapshot_processors.core.held import HeldEvents, Waiting
from chatsnapshot_processors.core.held_entry import held_change
from chatsnapshot_processors.core.incoming import CauseKind, Incoming, Position, Refusal, Source
from chatsnapshot_processors.core.limits import over_limit
from chatsnapshot_processors.core.policy import PolicyTimeline, SequencingPolicy
from chatsnapshot_processors.core.reading import Reader, is_tick
from chatsnapshot_processors.core.recorded_state import Overlay, RecordedState
from chatsnapshot_processors.core.records import Duplicate, InputRecord, Output, Quarantined, StateChange
from chatsnapshot_processors.core.release_order import release_groups
from chatsnapshot_processors.core.source_numbers import SOURCE_SEQ_JUMP_MAX
from chatsnapshot_processors.core.sources import Sources

CYCLES_BROKEN_MAX = 64
"""Per release: beyond it what is left of a cycle goes by input offset. Only made-up input is that entangled, and each break
searches the cycle again."""


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
        """`policies`: (first input offset of this epoch, policy), ascending; `held`, `used`: the state topic's entries, in any
        order; `stream_time`: microseconds, the largest append time seen. Raises RegistryUnavailable when a held event's
        framing needs a registry that does not answer."""
        self.overlay = Overlay(state)
        self.stream_time = stream_time
        self.counts = Counts()
        self._epoch = epoch
        self._policies = PolicyTimeline(policies)
        self._policy = self._policies.at(0)
        self._reader = Reader(partition=partition, partitions=partitions, epoch=epoch, framing=framing)
        self._held = HeldEvents()
        self._sources = Sources(self.overlay, self._held, used or {})
        self._out: list[Output] = []
        for entry in sorted(held, key=lambda one: (one.input_epoch, one.input_offset)):
            self._wait(self._reader.held(entry), entry.deadline)

    @property
    def held_count(self) -> int:
        """How many events wait."""
        return len(self._held)

    @property
    def held_bytes(self) -> int:
        """Sum of their input values' bytes."""
        return self._held.bytes

    def earliest_deadline(self) -> int | None:
        """When the next held event reaches its bound, microseconds of stream time; None when none is held."""
        return self._held.earliest_deadline()

    def step(self, record: InputRecord) -> list[Output]:
        """Decide one input record; records come in ascending offset. What to write, in order.

        Raises RegistryUnavailable before anything is changed: the same record can be given again.
        """
        self._out = []
        read = None if is_tick(record.headers) else self._reader.read(record)
        self._policy = self._policies.at(record.offset)
        self.stream_time = max(self.stream_time, record.appended_at)
        self._expire()
        if read is None:
            self.counts.ticks += 1
        elif isinstance(read, Refusal):
            self._quarantine(record, self._epoch, self._reader.partition, read)
        else:
            self._decide(read)
            self._release_ready()
        return self._out

    def _decide(self, event: Incoming) -> None:
        source = event.source
        expected = 0 if source is None else self._sources.expected(source)
        if event.number - expected > SOURCE_SEQ_JUMP_MAX and not event.redriven:
            self._refuse_jump(event, expected)
        elif event.refusal is not None:
            self._refuse(event, event.refusal)
        elif (seen := self._seen(event)) is not None:
            self._decide_seen(event, *seen)
        elif event.event_id in event.causes:
            self._refuse(event, Refusal(Reason.SELF_CAUSE, f"event {event.event_id} names itself as its cause"))
        elif (waiting := self._wait(event, self.stream_time + self._policy.hold_micros)) is not None:
            self._hold(waiting)
        else:
            self._record(event, event.cause)
    ...
