"""What came of sending: counts, the last trouble, and a log line where there is something to say."""

import logging
import time
from pathlib import Path

from chatsnapshot_producers import metrics
from chatsnapshot_producers.segment_reader import Damage
from chatsnapshot_producers.transport import Refusal

SAY_AGAIN_S = 60.0
"""A connection that comes and goes is told about once a minute, not each time."""

log = logging.getLogger("chatsnapshot.producer")


class DeliveryRecord:
    """Written by the publisher's thread, read by anyone."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._said_at: float | None = None
        self._in_trouble = False
        self.sent = 0
        self.acknowledged = 0
        self.rejected = 0
        self.damages = 0
        self.connected = False
        self.last_error: str | None = None

    def handed_over(self, events: int) -> None:
        """A batch goes to the transport."""
        self.sent += events

    def delivered(self, events: int) -> None:
        """A batch is acknowledged."""
        self.acknowledged += events
        metrics.EVENTS_ACKNOWLEDGED.inc(events)
        self.connected = True
        if self._in_trouble:
            self._in_trouble = False
            log.info("%s takes events again", self._where)

    def trouble(self, message: str) -> None:
        """Something is in the way; sending goes on. One line, the first time."""
        self.connected, self.last_error, self._in_trouble = False, message, True
        now = time.monotonic()
        if self._said_at is None or now - self._said_at > SAY_AGAIN_S:
            self._said_at = now
            log.warning("events for %s wait in the spool: %s", self._where, message)

    def refused(self, refusal: Refusal, kept_in: Path) -> None:
        """One event will never be taken."""
        self.rejected += 1
        self.last_error = refusal.reason
        metrics.EVENTS_REJECTED.inc()
        log.error("event %s was refused: %s; kept in %s", refusal.event.event_id, refusal.reason, kept_in)

    def damaged(self, damage: Damage, spool: str, kept_in: Path | None) -> None:
        """Bytes of a spool were not readable. `kept_in` None: nowhere, the disk is full."""
        self.damages += 1
        metrics.SPOOL_DAMAGES.inc()
        size, segment, offset = len(damage.data), damage.at.segment, damage.at.offset
        place = f"{size} bytes at {offset} of segment {segment}"
        if damage.torn:
            log.warning("spool %s: %s begin an event that was never written whole, kept in %s", spool, place, kept_in)
        else:
            log.error("spool %s: %s are damaged: what was recorded there is lost, kept in %s", spool, place, kept_in)
