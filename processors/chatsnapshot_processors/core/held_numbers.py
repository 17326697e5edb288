"""The numbers of one instance's held events in one correlation."""

from bisect import bisect_left, insort

from chatsnapshot_processors.core.incoming import Position
from chatsnapshot_processors.core.number_ranges import holds
from chatsnapshot_schemas.state_entries import NumberRanges

_BEFORE_ALL: Position = (-1, -1)


class HeldNumbers:
    """Sorted (number, position); its length is bounded by the limits of held events."""

    def __init__(self, expected: int) -> None:
        self._entries: list[tuple[int, Position]] = []
        self._expected = expected

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, number: int) -> bool:
        at = self._below(number)
        return at < len(self._entries) and self._entries[at][0] == number

    def add(self, number: int, position: Position) -> None:
        """An event with that number is held."""
        insort(self._entries, (number, position))

    def remove(self, number: int, position: Position) -> None:
        """It is no longer held."""
        del self._entries[bisect_left(self._entries, (number, position))]

    def reached(self, expected: int) -> list[Position]:
        """Events whose predecessors are all there, now that `expected` is next; each is told once."""
        if expected <= self._expected:
            return []
        low, high = self._below(self._expected + 1), self._below(expected + 1)
        self._expected = expected
        return [position for _, position in self._entries[low:high]]

    def before(self, number: int) -> list[tuple[int, Position]]:
        """The entries from the expected number up to below `number`, ascending."""
        return self._entries[self._below(self._expected) : self._below(number)]

    def count_before(self, number: int, used: NumberRanges) -> int:
        """How many numbers from the expected one up to below `number` are held and not used up."""
        return len({held for held, _ in self.before(number) if not holds(used, held)})

    def _below(self, number: int) -> int:
        return bisect_left(self._entries, (number, _BEFORE_ALL))
