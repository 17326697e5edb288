"""Everything behind `record()`: this process's spool, its publisher, and what happens when there is no room."""

import asyncio
import atexit
import logging
import threading
import time
from itertools import chain, islice
from pathlib import Path

from chatsnapshot_schemas.avro_schema import envelope_schema
from chatsnapshot_schemas.errors import FatalError, SpoolFull, Undelivered

from chatsnapshot_producers import metrics
from chatsnapshot_producers.adoption import adopt_spools
from chatsnapshot_producers.delivery_record import DeliveryRecord
from chatsnapshot_producers.forking import in_forked_child
from chatsnapshot_producers.publisher import Publisher
from chatsnapshot_producers.rejected_events import RejectedEvents
from chatsnapshot_producers.spool import Spool
from chatsnapshot_producers.spool_limits import SpoolLimits
from chatsnapshot_producers.transport import Destination

REMAINING_IDS_MAX = 10_000
"""So many ids `Undelivered` lists; its message has the full count."""
POLL_S = 0.5
"""A waiting thread looks again at least this often: a forked or dying publisher notifies nobody."""

log = logging.getLogger("chatsnapshot.producer")


class Outbox:
    """Takes encoded events in order. `lock` is the one lock of numbering and appending."""

    def __init__(self, destination: Destination, limits: SpoolLimits, flush_at_exit_s: float) -> None:
        self._destination = destination
        self._limits = limits
        self._flush_at_exit_s = flush_at_exit_s
        self.dropped = 0
        self.adopted = 0
        self._closed = False
        self._begin_afresh()
        in_forked_child(self._after_fork)
        atexit.register(self._at_exit)
