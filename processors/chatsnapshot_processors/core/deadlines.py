"""Which held event is due first."""

from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush

from chatsnapshot_processors.core.incoming import Position

STALE_MAX = 1_000
"""Entries of released events that may stay beside as many as are held, until they are swept."""


class Deadlines:
    """A heap of (deadline, position); released events are skipped when they come up and swept when they are many."""

    def __init__(self, is_held: Callable[[Position], bool]) -> None:
        self._is_held = is_held
        self._heap: list[tuple[int, Position]] = []

    def add(self, deadline: int, position: Position, held_count: int) -> None:
        """An event that waits until `deadline`; `held_count` bounds the heap."""
        heappush(self._heap, (deadline, position))
        if len(self._heap) > 2 * held_count + STALE_MAX:
            self._sweep(entry for entry in self._heap if self._is_held(entry[1]))

    def first(self) -> tuple[int, Position] | None:
        """The earliest (deadline, position) of the held events."""
        heap = self._heap
        while heap and not self._is_held(heap[0][1]):
            heappop(heap)
        return heap[0] if heap else None

    def _sweep(self, living: Iterable[tuple[int, Position]]) -> None:
        self._heap = list(living)
        heapify(self._heap)
