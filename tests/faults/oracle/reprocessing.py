"""(6): the same input from zero, with empty state, gives the same ledger and quarantine records, byte for byte.

Uses the sequencing core on purpose: what is shown is that a history of crashes came to what no crash gives.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from chatsnapshot_processors.core.policy import SequencingPolicy
from chatsnapshot_processors.core.recorded_state import MemoryState, Overlay
from chatsnapshot_processors.core.records import InputRecord, Quarantined, Recorded
from chatsnapshot_processors.core.sequencer import Sequencer
from chatsnapshot_schemas import state_entries as entries
from tests.faults.oracle.facts import Facts, Place, Record
from tests.faults.oracle.seen import Raw
from tests.faults.oracle.violations import Violation

APPLIED_EVERY = 5_000
"""Input records after which the overlay is applied, as a batch would."""
Refusal = tuple[int, int, str, bytes | None, bytes | None]
"""Of a quarantine record: epoch, offset, reason, key, value."""


@dataclass
class Made:
    """What reprocessing gave for one partition, in order."""

    bodies: list[bytes] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


def reprocessing_violations(facts: Facts) -> Iterator[Violation]:
    """Partition by partition; one whose topic no longer begins at 0 cannot be done again and is left out."""
    for partition in range(facts.seen.partitions):
        if partition not in facts.seen.begins:
            yield from _compared(facts, partition, made_again(facts, partition))


def made_again(facts: Facts, partition: int) -> Made:
    """Sequence the whole log of a partition; in a later epoch on top of what the earlier ones left."""
    left = _left_over(facts, partition)
    state = MemoryState()
    _remember(state, (record for record in _of(facts, partition) if not _is_of_now(facts, record.place, left)))
    sequencer = Sequencer(
        partition=partition,
        partitions=facts.seen.partitions,
        epoch=facts.epoch,
        framing=facts.framing,
        policies=policies_of(facts, partition),
        state=state,
        held=[entries.decode_held(value) for key, value in left.items() if key.startswith(entries.HELD.encode())],
        used={
            entries.used_whose(key): entries.decode_used(value)
            for key, value in left.items()
            if key.startswith(entries.USED.encode())
        },
    )
    made = Made()
    for count, raw in enumerate(facts.seen.events[partition], start=1):
        _take(made, sequencer.step(input_record(raw)))
        if count % APPLIED_EVERY == 0:
            state.apply(sequencer.overlay.take_changes())
    return made


def input_record(raw: Raw) -> InputRecord:
    """As the core is given it; append times in microseconds."""
    return InputRecord(raw.offset, raw.at_ms * 1000, raw.key, raw.value, raw.headers)


def policies_of(facts: Facts, partition: int) -> list[tuple[int, SequencingPolicy]]:
    """The recorded settings of the present epoch, by the input offset from which they applied."""
    found = {}
    for raw in facts.seen.state.get(partition, []):
        if (raw.key or b"").startswith(entries.POLICY.encode()) and raw.key and raw.value:
            epoch, offset = entries.policy_position(raw.key)
            if epoch == facts.epoch:
                found[offset] = SequencingPolicy.from_json(raw.value)
    return sorted(found.items(), key=lambda item: item[0]) or [(0, SequencingPolicy())]


def _of(facts: Facts, partition: int) -> list[Record]:
    return [record for record in facts.records if record.raw.partition == partition]


def _is_of_now(facts: Facts, place: Place, left: dict[bytes, bytes]) -> bool:
    """Whether it was decided in the present epoch: one of an older epoch may still have waited then."""
    return place[0] == facts.epoch or entries.held_key(place[0], place[2]) in left


def _remember(state: MemoryState, records: Iterable[Record]) -> None:
    overlay = Overlay(state)
    for record in records:
        overlay.fold(record.plain)
    state.apply(overlay.take_changes())


def _left_over(facts: Facts, partition: int) -> dict[bytes, bytes]:
    """What the state topic held when the present epoch began: nothing in the first."""
    latest: dict[bytes, bytes] = {}
    for raw in facts.seen.state.get(partition, []):
        if raw.key == entries.epoch_key(facts.epoch):
            return latest
        if raw.key is not None and raw.value is None:
            latest.pop(raw.key, None)
        elif raw.key is not None and raw.value is not None:
            latest[raw.key] = raw.value
    return {}


def _take(made: Made, outputs: Iterable[object]) -> None:
    for output in outputs:
        match output:
            case Recorded():
                made.bodies.append(output.body)
            case Quarantined():
                record = output.record
                made.refusals.append((output.epoch, record.offset, str(output.reason), record.key, record.value))


def _compared(facts: Facts, partition: int, made: Made) -> Iterator[Violation]:
    left = _left_over(facts, partition)
    bodies = [record.body for record in _of(facts, partition) if _is_of_now(facts, record.place, left)]
    refusals = [
        (entry.place[0], entry.place[2], entry.reason, entry.raw.key, entry.raw.value)
        for entry in facts.quarantine
        if entry.raw.partition == partition and entry.reason and _is_of_now(facts, entry.place, left)
    ]
    yield from _first_difference(f"partition {partition}: ledger record", bodies, made.bodies)
    yield from _first_difference(f"partition {partition}: quarantine record", refusals, made.refusals)


def _first_difference(what: str, there: Sequence[object], expected: Sequence[object]) -> Iterator[Violation]:
    """One violation at most: everything behind the first difference differs too."""
    for at, (mine, right) in enumerate(zip_longest(there, expected)):
        if mine != right:
            differs = "is missing" if mine is None else "should not be there" if right is None else "differs"
            yield Violation(6, f"{what} {at} (of {len(there)}, {len(expected)} expected) {differs}")
            return
