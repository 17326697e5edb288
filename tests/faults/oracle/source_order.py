"""(5): each source's order is kept or the gap is recorded, and no gap is recorded that was not made.

A plain reading of DESIGN section 5 from the input topic: for every record of a source, which of the numbers before it
had come when it was recorded. A number that a readable event brought is there, whatever became of the event; one that
came only when the record had waited for the bound is missing, and so is one that never came. Which of two happened can
be open only where limits of held events were reached, or where the record went along with an older one at its bound.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from chatsnapshot_schemas.partitioning import message_key, partition_of
from chatsnapshot_schemas.rules import Plain
from chatsnapshot_schemas.state_entries import HELD, decode_held
from tests.faults.oracle.chains import local_causes
from tests.faults.oracle.facts import Facts, Input, Record, Whose
from tests.faults.oracle.reprocessing import policies_of
from tests.faults.oracle.seen import Raw
from tests.faults.oracle.violations import Violation

Source = tuple[Whose, str]


@dataclass
class Clock:
    """Stream time of one partition, and what was to be waited at each offset; microseconds."""

    offsets: list[int]
    times: list[int]
    holds: list[tuple[int, int]]
    """(first offset, bound)."""

    def at(self, offset: int) -> int:
        return self.times[bisect_right(self.offsets, offset) - 1]

    def deadline(self, offset: int) -> int:
        which = bisect_right([first for first, _ in self.holds], offset) - 1
        return self.at(offset) + self.holds[max(which, 0)][1]


@dataclass
class Arrivals:
    """Numbers of one source by the first offset at which a readable event brought them."""

    first: dict[int, int] = field(default_factory=dict)
    times: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    ordered: list[int] = field(default_factory=list)

    def note(self, number: int, offset: int) -> None:
        self.first.setdefault(number, offset)
        self.times[number] += 1

    def between(self, first: int, after: int) -> list[int]:
        if len(self.ordered) != len(self.first):
            self.ordered = sorted(self.first)
        return self.ordered[bisect_left(self.ordered, first) : bisect_left(self.ordered, after)]


def source_violations(facts: Facts) -> Iterator[Violation]:
    """Every source of every run, except in partitions whose input is no longer whole."""
    arrivals = _arrivals(facts)
    clocks = {partition: _clock(facts, partition) for partition in range(facts.seen.partitions)}
    crowded = _crowded(facts)
    for whose, records in facts.runs.items():
        partition = records[0].raw.partition
        if partition in facts.seen.begins or any(record.place[0] != facts.epoch for record in records):
            continue
        run = _Run(whose, records, clocks[partition], whose in crowded or partition in crowded, facts)
        by_source: dict[str, list[Record]] = defaultdict(list)
        for record in records:
            if record.envelope["source_seq"] is None:
                yield from run.unnumbered(record)
            else:
                by_source[record.envelope["source"]["instance"]].append(record)
        for instance, of_source in by_source.items():
            yield from run.source(instance, of_source, arrivals[whose, instance])


@dataclass
class _Run:
    whose: Whose
    records: list[Record]
    clock: Clock
    crowded: bool
    """Whether limits of held events were reached: then any of them may have been released early."""
    facts: Facts

    def unnumbered(self, record: Record) -> Iterator[Violation]:
        if record.plain["gap_before"] or record.plain["late"] != self._is_redriven(record):
            yield self._wrong(record, "has no source number, yet is late or follows a gap")

    def source(self, instance: str, records: list[Record], arrivals: Arrivals) -> Iterator[Violation]:
        following = 0
        for at, record in enumerate(records):
            number, late, gap = _number(record), record.plain["late"], record.plain["gap_before"]
            if self._is_redriven(record):
                if not late or gap:
                    yield self._wrong(record, f"of {instance} was redriven: late and without a gap, not {late}, {gap}")
            elif late:
                if number >= following and arrivals.times[number] < 2:
                    yield self._wrong(record, f"of {instance} is late, but nothing was beyond its number {number}")
                if gap:
                    yield self._wrong(record, f"of {instance} is late and has gap_before {gap}")
            elif number < following:
                yield self._wrong(record, f"of {instance} is out of order: {number} after {following - 1}")
            else:
                yield from self._gap(record, instance, following, gap, arrivals)
                yield from self._overtaken(record, instance, following, records[at + 1 :] if number > following else [])
            if number == following or (number > following and not late):
                following = number + 1

    def _gap(self, record: Record, instance: str, following: int, gap: int, arrivals: Arrivals) -> Iterator[Violation]:
        """`gap_before` against the numbers from `following` to below the record's."""
        number = _number(record)
        missing_min = missing_max = number - following
        for between in arrivals.between(following, number) if missing_max else ():
            came = arrivals.first[between]
            if came < record.place[2]:
                missing_min, missing_max = missing_min - 1, missing_max - 1
            elif self.clock.at(came) < self.clock.deadline(record.place[2]):
                missing_min -= 1
                missing_max -= not self._may_be_early(record, came)
        if not missing_min <= gap <= missing_max:
            wanted = f"{missing_min}" if missing_min == missing_max else f"{missing_min} to {missing_max}"
            yield self._wrong(record, f"of {instance}, number {number}: gap_before {gap}, but {wanted} were missing")

    def _overtaken(self, record: Record, instance: str, following: int, later: list[Record]) -> Iterator[Violation]:
        """Those that had come before it and are recorded after it; only a cycle of waiting events allows that."""
        behind: list[Plain] = []
        for other in later:
            if following <= _number(other) < _number(record) and other.place[2] < record.place[2]:
                behind.append(other.envelope)
                if not self._is_redriven(other) and not any(self._waits(each, record) for each in behind):
                    yield self._wrong(other, f"of {instance} came first, but is behind #{record.number}")

    def _waits(self, envelope: Plain, record: Record) -> bool:
        """Whether it has a cause that was not there when `record` was recorded."""
        before = {each.envelope["event_id"] for each in self.records[: record.number - 1]}
        return any(cause not in before for cause in local_causes(envelope))

    def _may_be_early(self, record: Record, came: int) -> bool:
        """Whether it can have been released before its bound: pushed out, or before an older one at its bound."""
        if self.crowded:
            return True
        now, offset = self.clock.at(came), record.place[2]
        behind = [other.place[2] for other in self.records[record.number :]]
        behind += [entry.place[2] for entry in self.facts.quarantine if entry.reason == "cause_missing"]
        return any(other < offset and self.clock.deadline(other) <= now for other in behind)

    def _is_redriven(self, record: Record) -> bool:
        each = self.facts.input_at.get(record.place)
        return each is not None and each.redriven is not None

    def _wrong(self, record: Record, what: str) -> Violation:
        return Violation(5, f"{self.whose} #{record.number} {what}")


def _number(record: Record) -> int:
    number: int = record.envelope["source_seq"]
    return number


def _arrivals(facts: Facts) -> dict[Source, Arrivals]:
    found: dict[Source, Arrivals] = defaultdict(Arrivals)
    homes: dict[Whose, int] = {}
    jumps = {entry.place for entry in facts.quarantine if entry.reason == "source_seq_jump"}
    for each in facts.inputs:
        if each.plain is None or each.plain["source_seq"] is None or each.place in jumps:
            continue
        if each.whose not in homes:
            homes[each.whose] = partition_of(message_key(*each.whose), facts.seen.partitions)
        if homes[each.whose] == each.raw.partition:
            found[_source(each)].note(each.plain["source_seq"], each.raw.offset)
    return found


def _source(each: Input) -> Source:
    assert each.plain is not None
    return each.whose, each.plain["source"]["instance"]


def _clock(facts: Facts, partition: int) -> Clock:
    log = facts.seen.events[partition]
    times = list(accumulate((raw.at_ms * 1000 for raw in log), max))
    holds = [(first, policy.hold_micros) for first, policy in policies_of(facts, partition)]
    return Clock([raw.offset for raw in log], times, holds)


def _crowded(facts: Facts) -> set[Whose | int]:
    """Correlations and partitions whose held events went beyond a limit, as the state topic tells it."""
    crowded: set[Whose | int] = set()
    for partition, log in facts.seen.state.items():
        policies = [policy for _, policy in policies_of(facts, partition)]
        held = _Held()
        for raw in log:
            if (raw.key or b"").startswith(HELD.encode()):
                held.take(raw)
                for policy in policies:
                    here = held.sizes[held.last]
                    if here[0] > policy.held_events_per_correlation or here[1] > policy.held_bytes_per_correlation:
                        crowded.add(held.last)
                    if (
                        held.total[0] > policy.held_events_per_partition
                        or held.total[1] > policy.held_bytes_per_partition
                    ):
                        crowded.add(partition)
    return crowded


@dataclass
class _Held:
    """(events, bytes) that wait, by run and in all."""

    sizes: dict[Whose, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    total: list[int] = field(default_factory=lambda: [0, 0])
    entries: dict[bytes, tuple[Whose, int]] = field(default_factory=dict)
    last: Whose = ("", "")

    def take(self, raw: Raw) -> None:
        assert raw.key is not None
        if raw.value is None:
            whose, size = self.entries.pop(raw.key, (("", ""), 0))
            change = -1 if whose[1] else 0
        else:
            held = decode_held(raw.value)
            whose, size, change = (held.tenant_id, held.correlation_id), len(held.value), 1
            self.entries[raw.key] = (whose, size)
        for sums in (self.sizes[whose], self.total):
            sums[0] += change
            sums[1] += change * size
        self.last = whose
