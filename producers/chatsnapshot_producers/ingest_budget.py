"""How much may be on its way to the broker at once, so that a flood is told to come back instead of taking the memory.

Belongs to one event loop: only its thread may touch it.
"""

from asyncio import Future
from types import TracebackType
from typing import Self

from chatsnapshot_producers import metrics
from chatsnapshot_schemas.errors import IngestBusy

EVENT_BYTES = 1024
"""What an event takes beside its text: Python's objects, its Avro form, the client's own record; rounded up."""


class IngestBudget:
    """Bytes and requests that were let in and are not settled yet."""

    def __init__(self, bytes_max: int, requests_max: int) -> None:
        self._bytes_max = bytes_max
        self._requests_max = requests_max
        self._bytes = 0
        self._requests = 0

    def admit(self) -> "Charge":
        """Let one request in; use it as a context manager. Raises IngestBusy."""
        if self._requests >= self._requests_max:
            raise IngestBusy(f"{self._requests:,} requests are on their way to the broker, as many as may be")
        charge = Charge(self)
        self._count(0, 1)
        return charge

    def take(self, size: int, already: int) -> None:
        """Room for `size` more bytes of a request that has `already`. Raises IngestBusy.

        A request that is the only one always gets it: how large it may be is another bound's matter.
        """
        if self._bytes + size > self._bytes_max and self._bytes > already:
            raise IngestBusy(
                f"{self._bytes:,} bytes are on their way to the broker, at most {self._bytes_max:,} may be"
            )
        self._count(size, 0)

    def give_back(self, size: int) -> None:
        """One request is settled."""
        self._count(-size, -1)

    def _count(self, size: int, requests: int) -> None:
        self._bytes += size
        self._requests += requests
        metrics.INGEST_INFLIGHT_BYTES.set(self._bytes)
        metrics.INGEST_INFLIGHT_REQUESTS.set(self._requests)


class Charge:
    """The share of one request. It ends with the block, or later with what the request left on its way."""

    def __init__(self, budget: IngestBudget) -> None:
        self._budget = budget
        self._bytes = 0
        self._until: Future[None] | None = None

    def add(self, size: int) -> None:
        """So many bytes more. Raises IngestBusy."""
        self._budget.take(size, self._bytes)
        self._bytes += size

    def keep_until(self, settled: "Future[None]") -> None:
        """What the request handed on takes room until this is done, though the request may be answered before."""
        self._until = settled

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._until is None or self._until.done():
            self._budget.give_back(self._bytes)
        else:
            self._until.add_done_callback(lambda _: self._budget.give_back(self._bytes))
