"""What carries a producer's reports of itself away: the contract between reporter and channel."""

from collections.abc import Callable, Sequence
from typing import Protocol

from chatsnapshot_schemas.source_reports import SourceReport


class ReportChannel(Protocol):
    """A connection of its own, so that a report which is not taken never stands in the way of events. One thread
    uses it."""

    def send(self, reports: Sequence[SourceReport]) -> None:
        """Hand over. Blocks for SEND_S at most. Raises ChatSnapshotError: none or some of them may have arrived."""
        ...

    def settled(self, within_s: float) -> bool:
        """Whether all that was handed over is there; waits for at most that long. Raises ChatSnapshotError when some
        of it will not arrive."""
        ...

    def close(self) -> None:
        """Disconnect, in bounded time."""
        ...

    def abandon(self) -> None:
        """In a forked child: never touch the parent's connection again, not even to destroy it."""
        ...


SEND_S = 2.0
"""A server that does not answer a report within that time is not waited for: events are more important."""

ReportFactory = Callable[[], ReportChannel]
"""Makes a connection, looking up anew where to connect. Raises ChatSnapshotError."""
