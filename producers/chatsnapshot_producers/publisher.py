"""The background thread: spools in order -> blob storage -> transport -> trim what is acknowledged."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from chatsnapshot_producers import metrics
from chatsnapshot_producers.backoff import Backoff
from chatsnapshot_producers.delivery_record import DeliveryRecord
from chatsnapshot_producers.forking import unforked
from chatsnapshot_producers.rejected_events import RejectedEvents
from chatsnapshot_producers.segment_reader import BATCH_EVENTS_MAX, Batch, Damage
from chatsnapshot_producers.source_reporter import SourceReporter
from chatsnapshot_producers.spool import Spool
from chatsnapshot_producers.spooled_event import SpooledEvent
from chatsnapshot_producers.transport import Destination, Refusal, Transport
from chatsnapshot_schemas.errors import AccessRefused, ChatSnapshotError, ConfigurationError, InvalidEvent

LINGER_S = 0.01
"""Lets a burst gather into one batch: threads that record wait for the interpreter once a batch, not once an event."""
JOIN_S = 5.0

log = logging.getLogger("chatsnapshot.producer")


class Publisher:
    """Sends what is spooled: adopted spools first, oldest first, then this process's own."""

    def __init__(
        self,
        destination: Destination,
        adopted: list[Spool],
        rejected: RejectedEvents,
        reporter: SourceReporter,
        on_settled: Callable[[], None],
    ) -> None:
        self._destination = destination
        self._adopted = adopted
        self._own: Spool | None = None
        self._rejected = rejected
        self._reporter = reporter
        self._on_settled = on_settled
        self._transport: Transport | None = None
        self._backoff = Backoff()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.record = DeliveryRecord(destination.where)
        self.is_refused = False
        """Whether the last attempt failed because this account is not let in: only a person changes that."""

    def start(self, own: Spool | None) -> None:
        """Begin in the background, or hand over this process's own spool later."""
        self._own = own
        if self._thread is None:
            # a daemon: what is left at exit is in the spool
            thread = threading.Thread(target=self._run, name="chatsnapshot-publisher", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # the interpreter is shutting down: the next start sends it
                self.record.trouble(str(error))
            else:
                self._thread = thread
        self.wake()

    def wake(self) -> None:
        """There is something to send. Cheap when it is known already."""
        if not self._wake.is_set():
            self._wake.set()

    def spools(self) -> list[Spool]:
        """What has to be sent, in that order."""
        return [*self._adopted, self._own] if self._own else list(self._adopted)

    @property
    def adopting(self) -> bool:
        """Whether spools of dead processes are still being sent."""
        return bool(self._adopted)

    def stop(self) -> bool:
        """End the thread within JOIN_S; False when it still hangs in the transport."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(JOIN_S)
        return self._thread is None or not self._thread.is_alive()

    def abandon(self) -> None:
        """In a forked child: the thread is not there, and the parent's connection is not ours."""
        if self._transport is not None:
            self._transport.abandon()
        self._reporter.abandon()
        for spool in self.spools():
            spool.abandon()

    def _run(self) -> None:
        for spool in list(self._adopted):
            self._guarded(spool.count_adopted)
        while not self._stop.is_set():
            self._wake.clear()
            if not self._guarded(self._send_next) and not self._stop.is_set():
                self._wake.wait(self._reporter.wait_s())
            self._reporter.look(may_send=self.record.connected)
            self._stop.wait(LINGER_S)
        self._reporter.finish(may_send=self.record.connected)
        self._disconnect()

    def _guarded(self, step: Callable[[], bool | None]) -> bool | None:
        """Run one step; trouble is told once and waited out. The thread never ends by an error."""
        try:
            return step()
        except ChatSnapshotError as error:
            self.is_refused = isinstance(error, AccessRefused)
            self._failed(str(error))
        except Exception as error:
            log.debug("publisher", exc_info=True)
            self._failed(f"{type(error).__name__}: {error}")
        return True

    def _failed(self, message: str) -> None:
        if self._stop.is_set():
            return  # it was interrupted: what is left is told by who stopped it
        self.record.trouble(message)
        metrics.SEND_FAILURES.inc()
        self._disconnect()
        if self.is_refused:
            self._on_settled()  # whoever waits need not
        self._stop.wait(self._backoff.wait_s())

    def _send_next(self) -> bool:
        """Send until no batch is full; False when there is nothing to send at all."""
        spool, batch = self._next()
        if spool is None or batch is None:
            return False
        while batch is not None and not self._stop.is_set():
            self._deliver(spool, batch)
            full = len(batch.events) >= BATCH_EVENTS_MAX
            batch = spool.next_batch() if full else None
            self._reporter.look(may_send=self.record.connected)
        return True

    def _next(self) -> tuple[Spool | None, Batch | None]:
        while self._adopted:
            spool = self._adopted[0]
            batch = spool.next_batch()
            if batch is not None:
                return spool, batch
            spool.finish()
            self._adopted.pop(0)
            self._on_settled()
        return self._own, self._own.next_batch() if self._own else None

    def _deliver(self, spool: Spool, batch: Batch) -> None:
        name = spool.path.name
        if batch.events and self._store_payload(batch.events[0], name):
            self._send(batch, name)
        for damage in batch.damages:
            self.record.damaged(damage, name, self._keep(damage, name))
        spool.settle(batch)
        if spool is not self._own:
            self._reporter.tally.adopted_settled(batch.events)
        metrics.SPOOL_BYTES.set(sum(each.pending_bytes for each in self.spools()))
        self._on_settled()

    def _keep(self, damage: Damage, name: str) -> Path | None:
        """Raises OSError; but for a torn end, which mostly comes of a full disk: keeping it must not stop the rest."""
        try:
            return self._rejected.keep_damage(damage, name)
        except OSError:
            if not damage.torn:
                raise
            return None

    def _store_payload(self, event: SpooledEvent, name: str) -> bool:
        """Put a whole payload into blob storage before its event is sent; False when it is never taken.

        Raises ChatSnapshotError when it may be taken later: the event and all behind it wait.
        """
        if not event.payload:
            return True
        blobs = self._destination.blobs
        if blobs is None:
            raise ConfigurationError("an event with a payload above the cap needs blob storage: CHATSNAPSHOT_BLOB_URL")
        try:
            blobs.put(event.payload)
        except InvalidEvent as error:
            self._refused(Refusal(event, str(error)), name)
            return False
        metrics.BLOBS_STORED.inc()
        return True

    def _send(self, batch: Batch, name: str) -> None:
        if self._transport is None:
            with unforked():
                self._transport = self._destination.connect(self.record.trouble)
        self.record.handed_over(len(batch.events))
        began = time.monotonic()
        refusals = self._transport.send(batch.events, self._stop.is_set)
        metrics.SEND_SECONDS.observe(time.monotonic() - began)
        for refusal in refusals:
            self._refused(refusal, name)
        self.record.delivered(len(batch.events) - len(refusals))
        self._backoff.reset()
        self.is_refused = False

    def _refused(self, refusal: Refusal, name: str) -> None:
        self.record.refused(refusal, self._rejected.keep(refusal, name))
        is_own = self._own is not None and name == self._own.path.name
        self._reporter.tally.refused(refusal.event, is_adopted=not is_own)

    def _disconnect(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            try:
                transport.close()
            except Exception as error:  # closing is a courtesy: a broken connection may refuse even that
                log.debug("closing the connection: %s", error)
