"""Everything behind `record()`: numbers, this process's spool and publisher, and what a full spool means."""

import logging
import os
import threading
from itertools import chain, islice

from chatsnapshot_producers import metrics
from chatsnapshot_producers.adoption import adopt_spools
from chatsnapshot_producers.forking import forget_after_fork, unforked
from chatsnapshot_producers.numbering import Counter, Numbering
from chatsnapshot_producers.process_exit import call_at_exit, forget_at_exit
from chatsnapshot_producers.publisher import Publisher
from chatsnapshot_producers.rejected_events import RejectedEvents
from chatsnapshot_producers.source_reporter import REPORT_EVERY_S, SourceReporter
from chatsnapshot_producers.source_tally import SourceTally
from chatsnapshot_producers.spool import Spool
from chatsnapshot_producers.spool_limits import SpoolLimits
from chatsnapshot_producers.spool_room import SpoolRoom
from chatsnapshot_producers.status import RecorderStatus
from chatsnapshot_producers.transport import Destination
from chatsnapshot_schemas.avro_schema import envelope_schema
from chatsnapshot_schemas.errors import FatalError, Undelivered

REMAINING_IDS_MAX = 10_000
"""So many ids `Undelivered` lists; its message has the full count."""

log = logging.getLogger("chatsnapshot.producer")


class Outbox:
    """Takes encoded events in order. Its `lock` is the one lock of numbering and appending: the caller holds it."""

    def __init__(
        self,
        destination: Destination,
        limits: SpoolLimits,
        flush_at_exit_s: float,
        *,
        service: str = "",
        report_every_s: float = REPORT_EVERY_S,
    ) -> None:
        self._destination = destination
        self._limits = limits
        self._flush_at_exit_s = flush_at_exit_s
        self._service = service
        self._report_every_s = report_every_s
        self._closed = False
        self._begin()
        forget_after_fork(self)

    def _begin(self) -> None:
        """What belongs to this process alone."""
        self.lock = threading.Lock()
        self.numbering = Numbering()
        tally = SourceTally(self.numbering, self.lock, self._service)
        self._reporter = SourceReporter(tally, self._destination.reports, self._destination.where, self._report_every_s)
        self._settled = threading.Condition(self.lock)
        self._spool: Spool | None = None
        self._publisher: Publisher | None = None
        self._pid = os.getpid()
        self._dropped = self._adopted = 0
        self._room = SpoolRoom(self._limits, self._settled)
        self._unsaid = ""

    # -- recording: the caller holds the lock ------------------------------------------------------------------------

    def room(self) -> bool:
        """Whether an event may be put now; False: drop it. Waits as the policy says, the lock released meanwhile.

        Raises SpoolFull under the policy `raise`, FatalError when closed.
        """
        room = self._room.wait(self._spool)
        if self._closed:
            raise FatalError("the recorder is closed")
        return room

    def put(self, key: bytes, body: bytes, payload: bytes) -> bool:
        """Append one event, with its whole payload or none; False when the disk does not take it.

        Then look for `room` again. Raises nothing else.
        """
        try:
            if self._spool is None:
                self._open()
            assert self._spool is not None
            self._spool.append(key, body, payload)
        except OSError as error:
            self._room.disk_failed(error)
            return False
        self._room.taken()
        metrics.EVENTS_SPOOLED.inc()
        assert self._publisher is not None
        self._publisher.wake()
        return True

    def drop(self, key: bytes = b"", counter: Counter | None = None) -> None:
        """Count an event that found no room; `counter`: whose next number it uses up, if it has one of this process."""
        self._dropped += 1
        if counter is not None:
            self._reporter.tally.dropped(key, counter.instance, counter.next)
        metrics.EVENTS_DROPPED.inc()
        if self._dropped == 1:
            self._unsaid = f"events are dropped, their runs show a gap: {self._room.why_not(self._spool)}"

    def say(self) -> None:
        """Log what was found out under the lock; called without it, because a log handler may record, too."""
        if self._unsaid:
            message, self._unsaid = self._unsaid, ""
            log.error("%s", message)

    # -- delivery ----------------------------------------------------------------------------------------------------

    def adopt(self) -> None:
        """Send what dead processes left for this destination, in the background."""
        with self.lock:
            publisher = self._publisher_of_this_process()
            if publisher.adopting and self._spool is None:
                publisher.start(None)
                call_at_exit(self._at_exit)

    def flush(self, timeout_s: float | None) -> None:
        """Wait until everything put so far, and everything adopted, is settled.

        Raises Undelivered: when the time is up, and at once when the broker does not let this account in.
        """
        with self.lock:
            publisher, spool = self._publisher, self._spool
            if publisher is None:
                return
            end = spool.end if spool else None

            def drained() -> bool:
                return not publisher.adopting and (spool is None or end is None or spool.is_settled(end))

            self._settled.wait_for(lambda: drained() or publisher.is_refused, timeout_s)
            self._reporter.ask()
            publisher.wake()
            if not drained():
                raise self._undelivered(publisher)

    def close(self, timeout_s: float) -> None:
        """Flush for so long, disconnect, and say in one line what is left in the spool, if anything."""
        with self.lock:
            if self._closed:
                return
            self._closed = True
        left = self._try_flush(timeout_s)
        if self._publisher is not None and self._publisher.stop():
            for spool in self._publisher.spools():
                spool.finish()
        forget_at_exit(self._at_exit)
        if left:
            log.warning("%s", left)

    def status(self) -> RecorderStatus:
        """One look, without waiting."""
        publisher, spool, disk_error = self._publisher, self._spool, self._room.disk_error
        spools = publisher.spools() if publisher else []
        record = publisher.record if publisher else None
        return RecorderStatus(
            destination=self._destination.where,
            instance=self.numbering.instance,
            spool=spool.path if spool else None,
            spooled=sum(each.pending_events for each in spools),
            spool_bytes=sum(each.pending_bytes for each in spools),
            recorded=spool.events_appended if spool else 0,
            sent=record.sent if record else 0,
            acknowledged=record.acknowledged if record else 0,
            dropped=self._dropped,
            rejected=record.rejected if record else 0,
            damages=record.damages if record else 0,
            adopted=self._adopted,
            connected=record.connected if record else False,
            last_error=str(disk_error) if disk_error else record.last_error if record else None,
        )

    @property
    def is_refused(self) -> bool:
        """Whether the destination did not let this account in at the last attempt: waiting will not help."""
        return self._publisher is not None and self._publisher.is_refused

    def after_fork(self) -> None:
        """The child begins anew: its own numbers, spool and connection; what the parent spooled stays the parent's."""
        if self._publisher is not None:
            self._publisher.abandon()
        forget_at_exit(self._at_exit)
        self._begin()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        """On the first event: the spool, the publisher and the call at exit. Raises OSError."""
        limits, fingerprint = self._limits, envelope_schema().fingerprint
        publisher = self._publisher_of_this_process()
        with unforked():
            self._spool = Spool.create(
                limits.root, self._destination.name, fingerprint, limits.bytes_max, fsync=limits.fsync
            )
        self._reporter.tally.spool = self._spool
        publisher.start(self._spool)
        forget_at_exit(self._at_exit)  # `adopt` may have asked for it
        call_at_exit(self._at_exit)

    def _publisher_of_this_process(self) -> Publisher:
        if self._publisher is None:
            with unforked():
                adopted = adopt_spools(self._limits.root, self._destination.name)
                self._adopted = len(adopted)
                rejected = RejectedEvents(self._limits.root)
                self._publisher = Publisher(self._destination, adopted, rejected, self._reporter, self._notify)
        return self._publisher

    def _notify(self) -> None:
        with self.lock:
            self._settled.notify_all()

    def _try_flush(self, timeout_s: float) -> str:
        try:
            self.flush(timeout_s)
        except Undelivered as error:
            return str(error)
        return ""

    def _undelivered(self, publisher: Publisher) -> Undelivered:
        spools = publisher.spools()
        count = sum(spool.pending_events for spool in spools)
        ids = tuple(islice(chain.from_iterable(spool.pending_ids() for spool in spools), REMAINING_IDS_MAX))
        why = f" ({publisher.record.last_error})" if publisher.record.last_error else ""
        kept = spools[-1].path if spools else self._limits.root
        events = "1 event is" if count == 1 else f"{count} events are"
        return Undelivered(f"{events} not acknowledged yet{why}; kept in {kept} and sent at the next start", ids)

    def _at_exit(self) -> None:
        if os.getpid() == self._pid:
            self.close(self._flush_at_exit_s)
