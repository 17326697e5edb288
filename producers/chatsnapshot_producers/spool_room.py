"""Whether the spool may take one more event, and what happens when it may not."""

import sys
import threading
import time

from chatsnapshot_producers.spool import Spool
from chatsnapshot_producers.spool_limits import SpoolLimits
from chatsnapshot_schemas.errors import SpoolFull

POLL_S = 0.5
"""A full disk tells nobody when it has room again: so often an append is tried."""


class SpoolRoom:
    """The policy of a full spool or disk. The caller holds the lock that `settled` belongs to."""

    def __init__(self, limits: SpoolLimits, settled: threading.Condition) -> None:
        self._limits = limits
        self._settled = settled
        self._full_since: float | None = None
        self._try_disk_at = 0.0
        self.disk_error: OSError | None = None

    def wait(self, spool: Spool | None) -> bool:
        """Whether an event may be put now; False: drop it. The lock is released while waiting.

        The bound is looked at before an event, so that the last one may reach over it. Raises SpoolFull under `raise`.
        """
        while not self._is_there(spool):
            if self._limits.policy == "raise":
                raise SpoolFull(self.why_not(spool))
            now = time.monotonic()
            self._full_since = self._full_since or now
            waited = now - self._full_since >= self._limits.block_s
            if self._limits.policy == "block_then_drop" and (waited or _in_event_loop()):
                return False
            self._settled.wait(POLL_S)
        return True

    def disk_failed(self, error: OSError) -> None:
        """The disk did not take an event: there is no room until the next try."""
        self.disk_error, self._try_disk_at = error, time.monotonic() + POLL_S

    def taken(self) -> None:
        """An event was put: whatever it was, it is over."""
        self.disk_error = self._full_since = None

    def why_not(self, spool: Spool | None) -> str:
        """For people: what is full."""
        if self.disk_error is not None:
            return f"the spool in {self._limits.root} cannot be written: {self.disk_error}"
        where = spool.path if spool else self._limits.root
        return f"the spool {where} is full: spool_bytes_max is {self._limits.bytes_max} bytes"

    def _is_there(self, spool: Spool | None) -> bool:
        if self.disk_error is not None and time.monotonic() < self._try_disk_at:
            return False
        return spool is None or spool.pending_bytes < self._limits.bytes_max


def _in_event_loop() -> bool:
    """Whether waiting here would stop a running asyncio loop."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
