"""What a sequencer answers to probes: is it to be started anew, and does it do its share of the work.

Nothing here asks the broker: a probe must not fail, and restart every worker, because Kafka is away.
"""

from dataclasses import dataclass
from time import monotonic

from chatsnapshot_processors.lane_pool import LanePool
from chatsnapshot_processors.watchdog import Watchdog

SHOWN_MAX = 8
"""Partitions named in one line."""


@dataclass(frozen=True, slots=True)
class SequencerHealth:
    """Looks at the watchdog and the lanes; to be called from any thread."""

    watchdog: Watchdog
    pool: LanePool
    stuck_s: float
    """As for the lanes: a watchdog that has not looked for this long is no watchdog."""

    def healthy(self) -> str | None:
        """None, or why the process should be started anew. The watchdog mostly ends it before anybody asks."""
        if self.watchdog.complaint is not None:
            return self.watchdog.complaint
        silent_s = monotonic() - self.watchdog.looked_at
        if silent_s > self.stuck_s:
            return f"the watchdog has not looked at the lanes for {silent_s:.0f} s"
        return None

    def ready(self) -> str | None:
        """None when every partition of the present assignment (which may be empty) is restored and worked on."""
        if (complaint := self.healthy()) is not None:
            return complaint
        if not self.pool.assigned:
            return "not in the group: no assignment yet, or a rebalance is under way"
        waiting = [lane.partition for lane in self.pool.lanes if lane.intake is None]
        if waiting:
            return f"partitions not open yet: {_shown(waiting)}"
        return None


def _shown(partitions: list[int]) -> str:
    shown = ", ".join(map(str, partitions[:SHOWN_MAX]))
    return shown if len(partitions) <= SHOWN_MAX else f"{shown} and {len(partitions) - SHOWN_MAX} more"
