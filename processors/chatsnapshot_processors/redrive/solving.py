"""One quarantine record and what was decided about it, as the records that one transaction writes. Pure."""

from dataclasses import dataclass, replace

from chatsnapshot_processors.redrive.fact import fact_event
from chatsnapshot_processors.redrive.plan import FactId, NewInput, Target
from chatsnapshot_schemas.avro_schema import envelope_schema
from chatsnapshot_schemas.codec import encode_plain
from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.partitioning import message_key, partition_of
from chatsnapshot_schemas.quarantine_entries import Identity, QuarantinedInput, Solution, SolvedMark

BY_CHARS_MAX = 256


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decides, when (microseconds since 1970), why, and the name of the attempt."""

    by: str
    at: int
    because: str
    attempt: str


@dataclass(frozen=True, slots=True)
class Record:
    """A message to produce."""

    partition: int
    key: bytes | None
    value: bytes


@dataclass(frozen=True, slots=True)
class Solving:
    """`new`: what is sent, or would have been sent where it is a duplicate; None when it is discarded."""

    found: QuarantinedInput
    identity: Identity
    solution: Solution
    decision: Decision
    new: NewInput | None = None

    @property
    def sends(self) -> NewInput | None:
        """The new input, when there is one."""
        return self.new if self.solution is Solution.REDRIVEN else None

    def mark(self, sent_offset: int) -> SolvedMark:
        """The mark, without the id of a fact. `sent_offset`: where the new input lies; -1 without one."""
        sends, found, decision = self.sends, self.found, self.decision
        return SolvedMark(
            solution=self.solution,
            by=decision.by,
            at=decision.at,
            because=decision.because,
            sent_event_id="" if sends is None else sends.fact_id[2],
            sent_partition=-1 if sends is None else sends.partition,
            sent_offset=sent_offset,
            edited=() if sends is None else sends.edited,
            attempt=decision.attempt,
            quarantine_offset=found.quarantine_offset,
            reason=found.reason,
            detail=found.detail,
            first_seen=found.first_seen,
            identity=self.identity,
        )

    def with_fact(self, mark: SolvedMark, target: Target) -> tuple[SolvedMark, Record | None]:
        """The event that tells of it, for the run, and the mark with its id; None when no run is known."""
        about, event_type = self._about()
        if about is None:
            return mark, None
        try:
            plain = fact_event(self.found.place, mark, about, event_type)
        except InvalidEvent:  # a run that no event can name
            return mark, None
        key = message_key(*about[:2])
        value = target.framing.prefix(target.topic, envelope_schema()) + encode_plain(plain)
        return replace(mark, fact_event_id=plain["event_id"]), Record(partition_of(key, target.partitions), key, value)

    def _about(self) -> tuple[FactId | None, str]:
        if self.new is not None:
            return self.new.fact_id, self.new.event_type
        known = self.identity
        is_readable = bool(known.event_id)
        return (known.tenant_id, known.correlation_id, known.event_id) if is_readable else None, known.event_type
