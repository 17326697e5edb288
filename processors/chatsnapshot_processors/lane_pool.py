"""The lanes of a worker: one for each partition that is assigned to it."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from time import monotonic

from chatsnapshot_processors.group_metadata import GroupMembership
from chatsnapshot_processors.intake import Intake
from chatsnapshot_processors.lane import Lane
from chatsnapshot_processors.lane_opening import LaneContext

log = logging.getLogger(__name__)

_JOIN_POLL_S = 0.01


class LanePool:
    """Starts and stops lanes as Faust's consumer is assigned partitions. Used from the event loop.

    Every rebalance ends all lanes and opens those that are assigned then: an opening is cheap with a cache that is up
    to date, and state that outlives a generation would have to be proved right.
    """

    def __init__(self, context: LaneContext, on_fatal: Callable[[Exception], None]) -> None:
        self._context = context
        self._on_fatal = on_fatal
        self._lanes: dict[int, Lane] = {}
        self._ending: dict[int, Lane] = {}
        """The last lane of a partition, asked to end and perhaps still alive: its successor waits for it."""
        self._changing = asyncio.Lock()
        self.assigned = False
        """Whether an assignment is in force; it may be empty when the group has more workers than partitions."""

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The lanes of the present assignment."""
        return tuple(self._lanes.values())

    def intakes(self) -> list[Intake]:
        """Ways into the lanes that are open."""
        return [intake for lane in self.lanes if (intake := lane.intake) is not None]

    async def assign(self, partitions: Iterable[int], membership: GroupMembership) -> None:
        """Open exactly these partitions; returns before they are open."""
        async with self._changing:
            await self._revoke()
            for partition in sorted(partitions):
                before = self._ending.pop(partition, None)
                lane = Lane(self._context, partition, membership, self._on_fatal, before)
                self._lanes[partition] = lane
                lane.start()
            self.assigned = True

    async def revoke(self) -> None:
        """End all lanes. After `limits.stop_s` one that still hangs in its commit is left to the broker, which refuses
        it once the partition has a new owner."""
        async with self._changing:  # a rebalance in the middle of another waits: its lanes would meet those that end
            await self._revoke()

    async def _revoke(self) -> None:
        self.assigned = False
        ending, self._lanes = self._lanes, {}
        self._ending |= ending  # before the first wait: whoever cancels it must not make us forget a lane that lives
        for lane in ending.values():
            lane.stop()
        give_up = monotonic() + self._context.config.limits.stop_s
        for partition, lane in ending.items():
            while not (ended := lane.join(0)) and monotonic() < give_up:
                await asyncio.sleep(_JOIN_POLL_S)
            if ended:
                del self._ending[partition]
            else:
                log.warning("partition %d: its lane still waits for the broker", partition)
            self._context.metrics.forget(partition)
