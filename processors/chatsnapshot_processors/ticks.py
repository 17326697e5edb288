"""Ticks: records that let stream time pass in a partition to which nothing else comes.

Expiry must follow from the log, or a replay would decide otherwise. So a lane never looks at the clock; when its
partition is quiet and something held is overdue by the local clock, a tick is appended, and its append time counts. A
local clock that is wrong makes ticks early (nothing expires, another follows) or late, never other bytes.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from confluent_kafka import KafkaException, Producer

from chatsnapshot_processors.config import SequencerConfig
from chatsnapshot_processors.lane import Lane
from chatsnapshot_processors.lane_pool import LanePool
from chatsnapshot_processors.metrics import SequencerMetrics
from chatsnapshot_schemas.headers import CONTROL, TICK
from chatsnapshot_schemas.known_brokers import KnownBrokers

log = logging.getLogger(__name__)

INTERVAL_S = 1.0
"""At most one tick per partition in this time."""
_DELIVERY_TIMEOUT_S = 10.0

AtEnd = Callable[[int], Awaitable[bool]]
"""Whether the consumer has read the partition of this number to its end."""


class Ticker:
    """Looks at the lanes once in INTERVAL_S. Its producer stands outside all transactions."""

    def __init__(self, config: SequencerConfig, pool: LanePool, at_end: AtEnd, metrics: SequencerMetrics) -> None:
        self._config = config
        self._pool = pool
        self._at_end = at_end
        self._metrics = metrics
        self._producer: Producer | None = None
        self._brokers = KnownBrokers()

    async def run(self) -> None:
        """Until cancelled. What goes wrong is logged and tried again: ticks are not needed for anything to be right."""
        while True:
            await asyncio.sleep(INTERVAL_S)
            for lane in self._pool.lanes:
                try:
                    await self._look_at(lane)
                except (KafkaException, BufferError) as error:
                    log.warning("partition %d: no tick could be sent: %s", lane.partition, error)

    async def _look_at(self, lane: Lane) -> None:
        if overdue(lane, time.time_ns() // 1000) and await self._at_end(lane.partition) and lane.idle:
            self._send(lane.partition)
            self._metrics.ticked(lane.partition)
        if self._producer is not None:
            self._producer.poll(0)
        if self._brokers.all_forgotten:
            log.warning("ticks get a new client: the old one has forgotten every broker")
            self._producer, self._brokers = None, KnownBrokers()

    def _send(self, partition: int) -> None:
        if self._producer is None:
            self._producer = Producer(self._settings(), logger=log)
        self._producer.produce(self._config.topics.events, value=b"", partition=partition, headers=[(CONTROL, TICK)])

    def _settings(self) -> dict[str, Any]:
        return {
            **self._config.kafka.client_config(),
            **self._brokers.client_config(),
            "enable.idempotence": True,
            "linger.ms": 0,
            "message.timeout.ms": int(_DELIVERY_TIMEOUT_S * 1000),
        }


def overdue(lane: Lane, now: int) -> bool:
    """Whether a quiet lane holds something past its deadline; `now` in microseconds since 1970."""
    deadline = lane.deadline
    return lane.idle and deadline is not None and deadline <= now
