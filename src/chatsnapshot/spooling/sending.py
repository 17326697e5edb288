"""Sends what dead processes left in their spools, as their own recorders would have: in order, same ids."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chatsnapshot.recording import spool_limits
from chatsnapshot.settings import Settings
from chatsnapshot.spooling.named_destination import destination_named
from chatsnapshot_producers.outbox import Outbox
from chatsnapshot_producers.spool_inventory import spool_reports
from chatsnapshot_producers.spool_limits import SpoolLimits
from chatsnapshot_producers.transport import Destination
from chatsnapshot_schemas.errors import ChatSnapshotError, Undelivered

LOOK_S = 0.2
"""How often the figures are looked at."""
Progress = Callable[[int, int], None]
"""Told (events acknowledged, events that wait), of one destination."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of the spools of one destination."""

    destination: str
    acknowledged: int
    rejected: int
    """Refused for good; kept in `rejected/`."""
    damages: int
    """Places of the spools that could not be read; kept in `rejected/` too."""
    left: int
    """Still in the spool."""
    problem: str | None

    @property
    def is_done(self) -> bool:
        """Whether nothing is left, nothing was refused and everything could be read."""
        return not (self.rejected or self.damages or self.left or self.problem)


def send_spools(settings: Settings, timeout_s: float, progress: Progress = lambda done, left: None) -> Iterator[Sent]:
    """Destination after destination; each gets an equal share of what is left of `timeout_s`, so that one which does
    not answer takes no other's. Raises ConfigurationError (the spool folder).

    Spools of living processes are left alone. A trouble of one destination is told in its `problem`.
    """
    limits, deadline = spool_limits(settings), time.monotonic() + timeout_s
    waiting: dict[str, int] = {}
    for report in spool_reports(limits.root):
        if not report.owned:
            waiting[report.destination] = waiting.get(report.destination, 0) + report.events
    for done, (name, events) in enumerate(waiting.items()):
        share_s = max(0.0, deadline - time.monotonic()) / (len(waiting) - done)
        try:
            destination = destination_named(name, settings)
        except ChatSnapshotError as error:
            if events:
                yield Sent(name, 0, 0, 0, events, str(error))
        else:
            yield _send_all(destination, limits, events, time.monotonic() + share_s, progress)


def _send_all(destination: Destination, limits: SpoolLimits, events: int, deadline: float, progress: Progress) -> Sent:
    """Until no spool is left: one look adopts a bounded number of them."""
    acknowledged = rejected = damages = 0
    problem: str | None = None
    while problem is None:
        outbox = Outbox(destination, limits, flush_at_exit_s=0.0)
        outbox.adopt()
        status = outbox.status()
        if not status.adopted:
            outbox.close(0)
            break
        problem = _drain(outbox, acknowledged, events, deadline, progress)
        status = outbox.status()
        acknowledged, rejected = acknowledged + status.acknowledged, rejected + status.rejected
        damages += status.damages
        outbox.close(0)
    return Sent(destination.name, acknowledged, rejected, damages, max(0, events - acknowledged - rejected), problem)


def _drain(outbox: Outbox, before: int, events: int, deadline: float, progress: Progress) -> str | None:
    """None once all is acknowledged or refused, else why not."""
    while True:
        left_s = deadline - time.monotonic()
        try:
            outbox.flush(max(0.0, min(LOOK_S, left_s)))
        except Undelivered as error:
            done = before + outbox.status().acknowledged
            progress(done, max(0, events - done))
            if left_s <= LOOK_S or outbox.is_refused:
                return str(error)
        else:
            return None
