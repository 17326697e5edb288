"""Ends the process when a lane or the event loop hangs: a restart is the way back that always works.

Runs in its own thread with its own client, so that nothing that may hang is needed to notice it.
"""

import asyncio
import faulthandler
import logging
import os
import sys
from collections.abc import Callable
from threading import Event, Thread
from time import monotonic

from confluent_kafka import IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec

from chatsnapshot_processors.config import SequencerConfig
from chatsnapshot_processors.lane import Lane
from chatsnapshot_processors.lane_pool import LanePool
from chatsnapshot_processors.metrics import SequencerMetrics
from chatsnapshot_schemas.kafka_admin import LastingAdmin, ListeningAdmin

log = logging.getLogger(__name__)

EXIT_STUCK = 75
"""sysexits.h EX_TEMPFAIL: the supervisor is to start it again."""
INTERVAL_S = 5.0
_ANSWER_TIMEOUT_S = 10.0


class Watchdog:
    """Compares each lane's progress with the end of its input."""

    def __init__(
        self,
        config: SequencerConfig,
        admin: LastingAdmin,
        pool: LanePool,
        loop: asyncio.AbstractEventLoop,
        metrics: SequencerMetrics,
        give_up: Callable[[str], None] | None = None,
    ) -> None:
        self._topic = config.topics.events
        self._group_id = config.group_id
        self._stuck_s = config.limits.stuck_s
        self._standing = Standing(self._stuck_s)
        self._admin = admin
        self._pool = pool
        self._loop = loop
        self._metrics = metrics
        self._give_up = give_up or end_process
        self._loop_alive_at = monotonic()
        self._served_at = monotonic()
        self.looked_at = monotonic()
        """When it last looked at everything; monotonic seconds."""
        self.complaint: str | None = None
        """What it found wrong; the process ends next."""
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(INTERVAL_S):
            self._loop.call_soon_threadsafe(self._note_loop)
            self.complaint = self._complaint()
            self.looked_at = monotonic()
            if self.complaint is not None and not self._stopping.is_set():
                self._give_up(self.complaint)

    def _note_loop(self) -> None:
        self._loop_alive_at = monotonic()

    def _complaint(self) -> str | None:
        if monotonic() - self._loop_alive_at > self._stuck_s:
            return f"the event loop has not answered for {self._stuck_s:g} s"
        if self._pool.lanes or self._group_has_members():
            self._served_at = monotonic()
        elif monotonic() - self._served_at > self._stuck_s:
            return f"this worker is in no group, nor is any other in {self._group_id}, for {self._stuck_s:g} s"
        ends = self._ends([lane.partition for lane in self._pool.lanes])
        for lane in self._pool.lanes:
            end = ends.get(lane.partition)
            if end is not None and lane.position >= 0:
                self._metrics.lag(lane.partition, max(end - lane.position, 0))
            if self._standing.stuck(lane, end, monotonic()):
                return f"partition {lane.partition} stands at offset {lane.position} for {self._stuck_s:g} s"
        return None

    def _group_has_members(self) -> bool:
        """Whether somebody serves the group; taken for granted while the broker does not answer."""
        try:
            with self._admin.asked() as admin:
                asked = admin.describe_consumer_groups([self._group_id], request_timeout=_ANSWER_TIMEOUT_S)
                return bool(asked[self._group_id].result().members)
        except KafkaException as error:
            log.warning("the watchdog cannot ask about the group %s: %s", self._group_id, error)
            # who may not even ask is not in the group either
            return bool(error.args[0].code() != KafkaError.GROUP_AUTHORIZATION_FAILED)

    def _ends(self, partitions: list[int]) -> dict[int, int]:
        """Where the partitions end; nothing when the broker does not say."""
        try:
            with self._admin.asked() as admin:
                return self._asked_ends(admin, partitions) if partitions else {}
        except KafkaException as error:
            # librdkafka keeps the leaders it knew for minutes, even when these say that they are none: ask a new client
            log.warning("the watchdog cannot ask for the ends of %s: %s", self._topic, error)
            return {}

    def _asked_ends(self, admin: ListeningAdmin, partitions: list[int]) -> dict[int, int]:
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        asked = {TopicPartition(self._topic, partition): latest for partition in partitions}
        futures = admin.list_offsets(
            asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=_ANSWER_TIMEOUT_S
        )
        return {at.partition: future.result().offset for at, future in futures.items()}


class Standing:
    """How long lanes have stood still although their input goes on."""

    def __init__(self, stuck_s: float) -> None:
        self._stuck_s = stuck_s
        self._since: dict[int, tuple[int, float]] = {}

    def stuck(self, lane: Lane, end: int | None, now: float) -> bool:
        """Whether the thread hangs, or nothing reaches it of an input that goes up to `end` (None: unknown)."""
        if lane.intake is None or end is None or lane.position >= end:
            self._since.pop(lane.partition, None)
            return now - lane.alive_at > self._stuck_s
        position, since = self._since.get(lane.partition, (-1, now))
        if position != lane.position:
            since = now
        self._since[lane.partition] = (lane.position, since)
        return now - min(since, lane.alive_at) > self._stuck_s


def end_process(complaint: str) -> None:
    """Say why, show where every thread is, and end at once: open transactions are aborted by the successor."""
    log.critical("sequencer ends itself: %s", complaint)
    faulthandler.dump_traceback(file=sys.__stderr__ or 2, all_threads=True)
    os._exit(EXIT_STUCK)
