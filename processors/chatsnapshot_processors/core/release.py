"""Releasing held events: when they are ready, at their bound, and when limits are reached."""

from chatsnapshot_processors.core.held import HeldEvents, Waiting
from chatsnapshot_processors.core.held_entry import missing_causes
from chatsnapshot_processors.core.incoming import Refusal
from chatsnapshot_processors.core.limits import over_limit
from chatsnapshot_processors.core.outcomes import Outcomes
from chatsnapshot_processors.core.policy import SequencingPolicy
from chatsnapshot_processors.core.reading import Reader
from chatsnapshot_processors.core.release_order import release_groups
from chatsnapshot_processors.core.sources import Sources
from chatsnapshot_schemas.reasons import Reason

CYCLES_BROKEN_MAX = 8
"""Per release at a bound; what is left of a cycle then goes by input offset. Only made-up input is that entangled, and
every break searches the rest of the cycle again."""


class Release:
    """Takes events out of the held ones; every method leaves none behind that is ready."""

    def __init__(self, held: HeldEvents, sources: Sources, reader: Reader, outcomes: Outcomes) -> None:
        self._held = held
        self._sources = sources
        self._reader = reader
        self._outcomes = outcomes

    def ready(self) -> None:
        """Record every ready event, always the one with the smallest position next, until none is ready."""
        while (waiting := self._held.pop_ready()) is not None:
            self._outcomes.counts.released += 1
            self._record(waiting)

    def expired(self, stream_time: int, policy: SequencingPolicy) -> None:
        """Everything whose deadline is reached, in (deadline, position) order."""
        while (due := self._held.first_due(stream_time)) is not None:
            self._outcomes.counts.expired += self._at_bound(due, policy)

    def over_limits(self, correlation: bytes, policy: SequencingPolicy) -> None:
        """After one more event of `correlation` was held: whatever is too much."""
        while (waiting := over_limit(self._held, correlation, policy)) is not None:
            self._outcomes.counts.pushed_out += self._at_bound(waiting, policy)

    def _at_bound(self, start: Waiting, policy: SequencingPolicy) -> int:
        """Release an event now, the held ones it waits for before it; returns how many had not become ready."""
        groups = release_groups([start], self._held.blockers)[::-1]
        cycles_broken = forced = 0
        while groups:
            group = sorted(filter(self._held.is_held, groups.pop()), key=lambda one: one.position)
            if not group:
                continue
            self._give_up_waiting(group[0], policy)
            self.ready()
            forced += 1
            if len(group) > 1:
                cycles_broken += 1
                groups.extend(self._rest_of_cycle(group[1:], search=cycles_broken <= CYCLES_BROKEN_MAX)[::-1])
        return forced

    def _rest_of_cycle(self, group: list[Waiting], *, search: bool) -> list[list[Waiting]]:
        if not search:
            return [[waiting] for waiting in group]
        rest = [waiting for waiting in group if self._held.is_held(waiting)]
        members = set(rest)
        return release_groups(rest, lambda one: [other for other in self._held.blockers(one) if other in members])

    def _give_up_waiting(self, waiting: Waiting, policy: SequencingPolicy) -> None:
        if waiting.missing and policy.cause_policy == "strict":
            detail = f"not recorded within the bound: {missing_causes(waiting)}"
            self._outcomes.end_wait(waiting)
            self._outcomes.refuse(waiting.event, Refusal(Reason.CAUSE_MISSING, detail))
        else:
            self._record(waiting)

    def _record(self, waiting: Waiting) -> None:
        event = waiting.event
        self._outcomes.end_wait(waiting)
        expected = 0 if event.source is None else self._sources.expected(event.source)
        gap_before = 0
        if waiting.blocked and event.source is not None:
            gap_before = self._sources.missing_before(event.source, event.number)
        cause = "unresolved" if waiting.missing else event.cause
        self._outcomes.record(event, self._reader.content(event), expected, cause, gap_before)
