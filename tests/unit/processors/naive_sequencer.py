"""The decision table once more, by searching lists: slow, without indexes, to compare the real one with.

Knows no framing, partitions or encodings, and no cycles of waiting events (it raises Cycle).
"""

from dataclasses import dataclass, field

from chatsnapshot_processors.core.policy import SequencingPolicy
from chatsnapshot_schemas.codec import decode_plain
from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.headers import REDRIVE
from chatsnapshot_schemas.rules import Plain, check_content
from tests.unit.processors.made_up_logs import TICKED, Entry

SECOND = 1_000_000
Row = tuple[str, int, str, int, bool]
"""(outcome, input offset, cause, gap_before, late)"""


class Cycle(Exception):
    """Held events wait for each other."""


@dataclass
class One:
    """An event of the log."""

    offset: int
    plain: Plain
    redriven: bool
    size: int
    deadline: int = 0

    @property
    def id(self) -> str:
        return str(self.plain["event_id"])

    @property
    def run(self) -> str:
        return str(self.plain["correlation_id"])

    @property
    def source(self) -> tuple[str, str]:
        return self.run, self.plain["source"]["instance"]

    @property
    def number(self) -> int | None:
        number: int | None = self.plain["source_seq"]
        return number

    @property
    def causes(self) -> list[str]:
        here = [] if self.plain["causation_correlation_id"] else [self.plain["causation_id"]]
        return [cause for cause in [*here, *self.plain["caused_by"]] if cause]

    @property
    def fact(self) -> tuple[object, ...]:
        return tuple(self.plain[key] for key in ("event_type", "causation_id", "subject_id", "payload"))


@dataclass
class Naive:
    """Everything in lists and sets; `rows` says what happened, in order."""

    policies: list[tuple[int, SequencingPolicy]]
    rows: list[Row] = field(default_factory=list)
    recorded: list[One] = field(default_factory=list)
    held: list[One] = field(default_factory=list)
    used: set[tuple[tuple[str, str], int]] = field(default_factory=set)
    passed: dict[tuple[str, str], int] = field(default_factory=dict)
    now: int = 0
    policy: SequencingPolicy = field(default_factory=SequencingPolicy)

    def step(self, offset: int, entry: Entry) -> None:
        self.policy = [policy for start, policy in self.policies if start <= offset][-1]
        self.now = max(self.now, entry.at * SECOND)
        while due := [one for one in self.held if one.deadline <= self.now]:
            self.at_bound(min(due, key=lambda one: (one.deadline, one.offset)))
        if entry.headers == TICKED:
            return
        try:
            plain = decode_plain((entry.value or b"")[10:])
        except InvalidEvent:
            self.rows.append(("undecodable", offset, "", 0, False))
            return
        redriven = any(name == REDRIVE for name, _ in entry.headers)
        self.decide(One(offset, plain, redriven, len(entry.value or b"")))
        self.drain()

    def decide(self, one: One) -> None:
        same = [other for other in self.recorded + self.held if (other.run, other.id) == (one.run, one.id)]
        if one.number is not None and one.number > self.expected(one.source) + 1_000_000 and not one.redriven:
            self.rows.append(("source_seq_jump", one.offset, "", 0, False))
        elif (reason := self.broken(one)) is not None:
            self.refuse(one, reason)
        elif same and same[0].fact == one.fact:
            self.rows.append(("duplicate", one.offset, "", 0, False))
            self.use_up(one)
        elif same:
            self.refuse(one, "event_id_conflict")
        elif one.id in one.causes:
            self.refuse(one, "self_cause")
        elif self.is_ready(one):
            self.record(one)
        else:
            one.deadline = self.now + self.policy.hold_micros
            self.held.append(one)
            self.limit(one.run)

    def limit(self, run: str) -> None:
        def of(run: str) -> list[One]:
            return [one for one in self.held if one.run == run]

        def over(held: list[One], events: int, size: int) -> bool:
            return len(held) > events or sum(one.size for one in held) > size

        policy = self.policy
        while True:
            if over(of(run), policy.held_events_per_correlation, policy.held_bytes_per_correlation):
                self.at_bound(of(run)[0])
            elif over(self.held, policy.held_events_per_partition, policy.held_bytes_per_partition):
                runs = {one.run for one in self.held}
                heaviest = min(runs, key=lambda name: (-sum(one.size for one in of(name)), of(name)[0].offset))
                self.at_bound(of(heaviest)[0])
            else:
                return

    def drain(self) -> None:
        while ready := [one for one in self.held if self.is_ready(one)]:
            self.held.remove(ready[0])
            self.record(ready[0])

    def at_bound(self, start: One) -> None:
        for one in self.waited_for(start, []):
            if one in self.held:
                self.held.remove(one)
                if self.missing(one) and self.policy.cause_policy == "strict":
                    self.refuse(one, "cause_missing")
                else:
                    self.record(one)
                self.drain()

    def waited_for(self, one: One, path: list[One]) -> list[One]:
        """What an event waits for, directly or not, before it; then the event."""
        if one in path:
            raise Cycle
        order: list[One] = []
        for blocker in self.blockers(one):
            order += [other for other in self.waited_for(blocker, [*path, one]) if other not in order]
        return [*order, one]

    def blockers(self, one: One) -> list[One]:
        missing = self.missing(one)
        found = [other for other in self.held if other.run == one.run and other.id in missing]
        if self.is_blocked(one):
            source = [other for other in self.held if other.source == one.source and other.number is not None]
            before = range(self.expected(one.source), one.number or 0)
            for number in reversed(before):
                here = [other for other in source if other.number == number]
                found += here
                if any(self.is_blocked(other) for other in here):
                    break
        return sorted(found, key=lambda other: other.offset)

    def record(self, one: One) -> None:
        gap, late = 0, one.redriven
        if one.number is not None:
            expected = self.expected(one.source)
            if not one.redriven:
                between = set(range(expected, one.number))
                taken = {number for source, number in self.used if source == one.source}
                taken |= {
                    other.number for other in self.held if other.source == one.source and other.number is not None
                }
                gap = len(between - taken)
            late = late or one.number < expected
            if not late or one.number == self.passed.get(one.source, 0):
                self.passed[one.source] = one.number + 1
            elif one.number > self.passed.get(one.source, 0):
                self.used.add((one.source, one.number))
        cause = (
            "root" if not one.plain["causation_id"] else "external" if len(one.causes) < self.stated(one) else "linked"
        )
        if self.missing(one):
            cause = "unresolved"
        self.recorded.append(one)
        self.rows.append(("recorded", one.offset, cause, gap, late))

    def refuse(self, one: One, reason: str) -> None:
        self.rows.append((reason, one.offset, "", 0, False))
        self.use_up(one)

    def use_up(self, one: One) -> None:
        if one.number is None:
            return
        others = [other for other in self.recorded + self.held if other.source == one.source]
        if one.number not in {other.number for other in others}:
            self.used.add((one.source, one.number))

    def expected(self, source: tuple[str, str]) -> int:
        number = self.passed.get(source, 0)
        while (source, number) in self.used:
            number += 1
        return number

    def missing(self, one: One) -> set[str]:
        return set(one.causes) - {other.id for other in self.recorded if other.run == one.run}

    def is_blocked(self, one: One) -> bool:
        return one.number is not None and not one.redriven and one.number > self.expected(one.source)

    def is_ready(self, one: One) -> bool:
        return not self.missing(one) and not self.is_blocked(one)

    @staticmethod
    def broken(one: One) -> str | None:
        try:
            check_content(one.plain)
        except InvalidEvent as error:
            return str(error.reason)
        return None

    @staticmethod
    def stated(one: One) -> int:
        return len([one.plain["causation_id"], *one.plain["caused_by"]])
