"""What carries events away: the contract between publisher and transport. Kafka's is in `kafka_transport`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from chatsnapshot_producers.blobs import BlobStore
from chatsnapshot_producers.report_channel import ReportFactory
from chatsnapshot_producers.spooled_event import SpooledEvent


class Refusal(NamedTuple):
    """An event that the other side will never take; `reason` names field and limit."""

    event: SpooledEvent
    reason: str


class Transport(Protocol):
    """A connection. One thread uses it."""

    def send(self, events: Sequence[SpooledEvent], stopped: Callable[[], bool]) -> list[Refusal]:
        """Deliver in order; returns once every event is acknowledged for good, or refused (listed).

        Blocks, and looks at `stopped` at least every 0.2 s. Raises ChatSnapshotError when it cannot say: some of the
        events may have arrived. The caller then closes this transport, takes a new one and sends all of them again,
        in order: readers know events by their id.
        """
        ...

    def close(self) -> None:
        """Drop what is not acknowledged and disconnect, in bounded time."""
        ...

    def abandon(self) -> None:
        """In a forked child: never touch the parent's connection again, not even to destroy it."""
        ...


OnTrouble = Callable[[str], None]
"""Told, in one line, of trouble that the transport goes on trying to get over."""

TransportFactory = Callable[[OnTrouble], Transport]
"""Makes a connection, looking up anew where to connect. Raises ChatSnapshotError."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a Recorder's events go."""

    name: str
    """Stable name: a spool is only ever sent to the destination it was written for."""
    where: str
    """For people: address and topic."""
    connect: TransportFactory
    run_link: Callable[[str], str | None] = lambda _run_id: None
    """Where a person sees a run, if that is known."""
    blobs: BlobStore | None = None
    """Where payloads above the cap go; None: there are none."""
    reports: ReportFactory | None = None
    """Where source reports go; None: it takes none."""
