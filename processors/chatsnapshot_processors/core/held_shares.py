"""How much of the held events each correlation has: for the limits."""

from collections import OrderedDict
from heapq import heapify, heappop, heappush

from chatsnapshot_processors.core.incoming import Position

STALE_MAX = 1_000
"""Outdated entries that may stay beside as many as there are correlations, until they are swept."""


class Share:
    """One correlation's held events, by position."""

    __slots__ = ("bytes", "positions")

    def __init__(self) -> None:
        self.positions: OrderedDict[Position, int] = OrderedDict()
        self.bytes = 0

    @property
    def oldest(self) -> Position:
        """The position that came first: events are held in the order of their input."""
        return next(iter(self.positions))


class HeldShares:
    """Shares by correlation, and which one is heaviest."""

    def __init__(self) -> None:
        self._shares: dict[bytes, Share] = {}
        self._heap: list[tuple[int, Position, bytes]] = []
        self.bytes = 0

    def of(self, correlation: bytes) -> Share | None:
        """The correlation's share; None when it holds nothing."""
        return self._shares.get(correlation)

    def add(self, correlation: bytes, position: Position, size: int) -> None:
        """An event of `size` bytes is held; positions come ascending."""
        share = self._shares.setdefault(correlation, Share())
        share.positions[position] = size
        self._weigh(correlation, share, size)

    def remove(self, correlation: bytes, position: Position) -> None:
        """The event is no longer held."""
        share = self._shares[correlation]
        self._weigh(correlation, share, -share.positions.pop(position))

    def heaviest(self) -> Share | None:
        """The share with most bytes; of equal ones, the one whose oldest event came first."""
        heap = self._heap
        while heap:
            weight, oldest, correlation = heap[0]
            share = self._shares.get(correlation)
            if share is not None and (share.bytes, share.oldest) == (-weight, oldest):
                return share
            heappop(heap)
        return None

    def _weigh(self, correlation: bytes, share: Share, more: int) -> None:
        share.bytes += more
        self.bytes += more
        if not share.positions:
            del self._shares[correlation]
            return
        heappush(self._heap, (-share.bytes, share.oldest, correlation))
        if len(self._heap) > 2 * len(self._shares) + STALE_MAX:
            self._heap = [(-one.bytes, one.oldest, key) for key, one in self._shares.items()]
            heapify(self._heap)
