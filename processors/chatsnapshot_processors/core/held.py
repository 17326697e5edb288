"""The events of a partition that wait, in memory, with everything that finds one without a search.

Holds no decisions: the sequencer says what is held, recorded and reached; this says who became ready. Its size is
bounded by the limits of the policy (held events and bytes per partition).
"""

from dataclasses import dataclass
from heapq import heappop, heappush

from chatsnapshot_processors.core.deadlines import Deadlines
from chatsnapshot_processors.core.held_numbers import HeldNumbers
from chatsnapshot_processors.core.held_shares import HeldShares, Share
from chatsnapshot_processors.core.incoming import Incoming, Position, Source
from chatsnapshot_schemas.state_entries import NumberRanges


@dataclass(slots=True, eq=False)
class Waiting:
    """One held event. It is ready once `missing` is empty and `blocked` is false; neither ever turns back."""

    event: Incoming
    deadline: int
    missing: set[str]
    """Local causes that are not recorded yet. Unordered: anything the outside sees must be sorted by position."""
    blocked: bool
    """Whether its `source_seq` is beyond the expected one."""

    @property
    def position(self) -> Position:
        """Where it came from."""
        return self.event.position


class HeldEvents:
    """Held events by position, id, missing cause, source number, deadline and correlation."""

    def __init__(self) -> None:
        self.count = 0
        """How many events wait; the sequencer looks here first, at every event."""
        self._events: dict[Position, Waiting] = {}
        self._by_id: dict[tuple[bytes, str], Waiting] = {}
        self._by_cause: dict[tuple[bytes, str], dict[Position, Waiting]] = {}
        self._numbers: dict[Source, HeldNumbers] = {}
        self._deadlines = Deadlines(self._events.__contains__)
        self._shares = HeldShares()
        self._ready: list[Position] = []

    @property
    def size_bytes(self) -> int:
        """Sum of the input values' bytes."""
        return self._shares.bytes

    def add(self, waiting: Waiting, expected: int) -> None:
        """Hold an event; positions come ascending. `expected`: the next number of its source, if it has one."""
        event, position = waiting.event, waiting.position
        self._events[position] = waiting
        self.count += 1
        self._by_id[(event.correlation, event.event_id)] = waiting
        for cause in waiting.missing:
            self._by_cause.setdefault((event.correlation, cause), {})[position] = waiting
        if event.source is not None:
            numbers = self._numbers.get(event.source)
            if numbers is None:
                numbers = self._numbers[event.source] = HeldNumbers(expected)
            numbers.add(event.number, position)
        self._deadlines.add(waiting.deadline, position, self.count)
        self._shares.add(event.correlation, position, len(event.record.value or b""))
        self._mark_if_ready(waiting)

    def remove(self, waiting: Waiting) -> None:
        """The event waits no longer."""
        event, position = waiting.event, waiting.position
        del self._events[position]
        self.count -= 1
        del self._by_id[(event.correlation, event.event_id)]
        for cause in waiting.missing:
            waiters = self._by_cause[(event.correlation, cause)]
            del waiters[position]
            if not waiters:
                del self._by_cause[(event.correlation, cause)]
        if event.source is not None:
            numbers = self._numbers[event.source]
            numbers.remove(event.number, position)
            if not numbers:
                del self._numbers[event.source]
        self._shares.remove(event.correlation, position)

    def cause_recorded(self, correlation: bytes, event_id: str) -> None:
        """That event has its place now."""
        for waiting in self._by_cause.pop((correlation, event_id), {}).values():
            waiting.missing.discard(event_id)
            self._mark_if_ready(waiting)

    def source_reached(self, source: Source, expected: int) -> None:
        """That instance's next number is `expected` now."""
        numbers = self._numbers.get(source)
        if numbers is not None:
            for position in numbers.reached(expected):
                waiting = self._events[position]
                waiting.blocked = False
                self._mark_if_ready(waiting)

    def pop_ready(self) -> Waiting | None:
        """The ready event with the smallest position; it stays held until it is removed."""
        while self._ready:
            waiting = self._events.get(heappop(self._ready))
            if waiting is not None:
                return waiting
        return None

    def first_due(self, stream_time: int) -> Waiting | None:
        """The event whose bound is reached first, in (deadline, position) order."""
        first = self._deadlines.first()
        return self._events[first[1]] if first and first[0] <= stream_time else None

    def earliest_deadline(self) -> int | None:
        """When the next event reaches its bound, microseconds of stream time."""
        first = self._deadlines.first()
        return first[0] if first else None

    def blockers(self, waiting: Waiting) -> list[Waiting]:
        """The held events it waits for directly, by position: causes, and predecessors in its source.

        Of the predecessors only the nearest that is itself blocked is needed, it waits for the rest; one that is not
        blocked (its number is next, or it was redriven) waits for none, so the search goes on below it.
        """
        correlation = waiting.event.correlation
        found = {one for cause in waiting.missing if (one := self._by_id.get((correlation, cause))) is not None}
        if waiting.blocked and waiting.event.source is not None:
            found.update(self._predecessors(waiting.event.source, waiting.event.number))
        return sorted(found, key=lambda one: one.position)

    def find(self, correlation: bytes, event_id: str) -> Waiting | None:
        """The held event of that id."""
        return self._by_id.get((correlation, event_id))

    def is_held(self, waiting: Waiting) -> bool:
        """Whether it still waits."""
        return waiting.position in self._events

    def at(self, position: Position) -> Waiting:
        """The held event from that position."""
        return self._events[position]

    def holds_any_of(self, source: Source) -> bool:
        """Whether an event of that instance is held."""
        return source in self._numbers

    def holds_number(self, source: Source, number: int) -> bool:
        """Whether an event with that number is held."""
        numbers = self._numbers.get(source)
        return numbers is not None and number in numbers

    def count_before(self, source: Source, number: int, used: NumberRanges) -> int:
        """How many numbers from the expected one up to below `number` are held and not used up."""
        numbers = self._numbers.get(source)
        return 0 if numbers is None else numbers.count_before(number, used)

    def share_of(self, correlation: bytes) -> Share | None:
        """What the correlation holds."""
        return self._shares.of(correlation)

    def heaviest_share(self) -> Share | None:
        """What the correlation with most bytes holds."""
        return self._shares.heaviest()

    def _predecessors(self, source: Source, number: int) -> list[Waiting]:
        found: list[Waiting] = []
        nearest = None
        for held, position in reversed(self._numbers[source].before(number)):
            if nearest is not None and held != nearest:
                break
            waiting = self._events[position]
            found.append(waiting)
            if waiting.blocked:
                nearest = held
        return found

    def _mark_if_ready(self, waiting: Waiting) -> None:
        if not waiting.missing and not waiting.blocked:
            heappush(self._ready, waiting.position)
