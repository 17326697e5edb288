"""What lies between Faust and one opened lane: fetches in, at a bound, in an unbroken order.

The event loop seeks, fetches and puts; the lane's thread takes. Every number has one writer. A lane that begins again
makes a new intake; what was fetched for the old one falls away with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Protocol


class FetchedRecord(Protocol):
    """What a consumer gives (aiokafka's ConsumerRecord). `timestamp`: the broker's append time in milliseconds."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class Fetch:
    """Records of one partition from one fetch, ascending.

    It covers the offsets from `follows`, where the fetch before ended, up to `following`; those without a record are
    transaction markers or were aborted. There may be no record at all.
    """

    intake: "Intake"
    follows: int
    following: int
    records: list[FetchedRecord]


class Intake:
    """The way into one opened lane. Offsets from `start` on are wanted."""

    def __init__(self, partition: int, start: int, fetches_max: int) -> None:
        self.partition = partition
        self.start = start
        self.sought = False
        """Whether the consumer was set to `start` (event loop)."""
        self.closed = False
        self._fetches_max = fetches_max
        self._queue: SimpleQueue[Fetch] = SimpleQueue()
        self._following = start
        self._reserved = 0
        self._taken = 0

    @property
    def hungry(self) -> bool:
        """Whether the partition is to be fetched (event loop)."""
        return self.sought and not self.closed and self._reserved - self._taken < self._fetches_max

    @property
    def empty(self) -> bool:
        """Whether everything that was fetched was taken."""
        return self._reserved == self._taken

    def reserve(self, records: list[FetchedRecord], following: int) -> Fetch | None:
        """Note a fetch up to offset `following` as under way to the lane; None if it covers nothing (event loop)."""
        if following <= self._following:
            return None
        fetch = Fetch(self, self._following, following, records)
        self._following = following
        self._reserved += 1
        return fetch

    def put(self, fetch: Fetch) -> None:
        """Hand a reserved fetch over; never blocks (event loop)."""
        if not self.closed:
            self._queue.put(fetch)

    def take(self, timeout_s: float) -> Fetch | None:
        """The next fetch, or None when none comes in time (lane)."""
        try:
            fetch = self._queue.get(timeout=max(timeout_s, 0.0)) if timeout_s > 0 else self._queue.get_nowait()
        except Empty:
            return None
        self._taken += 1
        return fetch

    def close(self) -> None:
        """Nothing more is wanted."""
        self.closed = True
