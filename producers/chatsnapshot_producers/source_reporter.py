"""Reports what this process numbered and what became of it: when asked, at the end, and now and then in between.

Only the publisher's thread works here (`look`, `finish`); `ask` and `dropped` are called by threads that record.
A report that does not get through is made again at the next occasion; it never raises and never delays an event.
"""

import logging
import time
from collections.abc import Callable, Iterable

from chatsnapshot_producers import metrics
from chatsnapshot_producers.forking import unforked
from chatsnapshot_producers.report_channel import ReportChannel, ReportFactory
from chatsnapshot_producers.source_tally import SourceTally
from chatsnapshot_schemas.source_reports import SourceReport

REPORT_EVERY_S = 30.0
"""At most so old is what a process that is killed has reported, while its destination takes events."""
ASKED_EVERY_S = 1.0
"""A program that flushes after each event does not report after each event."""
LOOK_S = 0.2
"""How often is looked whether a report arrived."""
AT_EXIT_S = 1.0
"""A process that ends waits at most this long for its last report."""
AGAIN_MAX = 100_000
"""Reports that did not get through and are sent again, 40 MB; the oldest beyond them are left out. With 20,000 runs at
a time there are never so many, unless runs come and go while reports are not taken."""

log = logging.getLogger("chatsnapshot.producer")


class SourceReporter:
    """One process's reports. `connect` None: the destination takes none, nothing is reported."""

    def __init__(
        self, tally: SourceTally, connect: ReportFactory | None, where: str, every_s: float = REPORT_EVERY_S
    ) -> None:
        self.tally = tally
        self._connect = connect
        self._where = where
        self._every_s = every_s
        self._channel: ReportChannel | None = None
        self._on_their_way: list[SourceReport] = []
        self._again: dict[bytes, SourceReport] = {}
        self._asked = self._is_told = self._may_send = False
        self._not_before = time.monotonic() + every_s
        self._asked_not_before = self._paused_until = 0.0

    def ask(self) -> None:
        """Report soon: somebody flushed. Any thread; costs nothing."""
        self._asked = True

    def wait_s(self) -> float | None:
        """In how many seconds there is something to do; None: nothing until something is recorded or settled."""
        if self._connect is None:
            return None
        if self._on_their_way:
            return LOOK_S
        if not (self._may_send and (self._again or self.tally.has_news())):
            return None
        return max(0.0, self._due_at() - time.monotonic())

    def look(self, *, may_send: bool) -> None:
        """Hear what came of the last reports, and report when it is time. Blocks for the channel's SEND_S at most.

        `may_send`: the destination takes events; while it does not, it is not asked to take reports either.
        """
        if self._connect is None:
            return
        self._may_send = may_send
        self._guarded(self._hear)
        if may_send and not self._on_their_way and self._is_due():
            self._guarded(lambda: self._report(self.tally.reports()))

    def finish(self, *, may_send: bool) -> None:
        """The last report, of an end in order; `may_send`: the destination takes events. Waits AT_EXIT_S at most."""
        self._may_send = may_send
        if self._connect is not None and may_send and time.monotonic() >= self._paused_until:
            self._guarded(lambda: self._report(self.tally.reports(closed=True)))
            self._guarded(lambda: self._hear(AT_EXIT_S))
        self._disconnect()

    def abandon(self) -> None:
        """In a forked child: the channel is the parent's."""
        if self._channel is not None:
            self._channel.abandon()
            self._channel = None

    # -- inside ------------------------------------------------------------------------------------------------------

    def _is_due(self) -> bool:
        now = time.monotonic()
        if self.tally.is_crowded:
            return now >= self._paused_until
        return now >= self._due_at() and (bool(self._again) or self.tally.has_news())

    def _due_at(self) -> float:
        at = min(self._not_before, self._asked_not_before) if self._asked else self._not_before
        return max(at, self._paused_until)

    def _report(self, made: Iterable[SourceReport]) -> None:
        now = time.monotonic()
        self._asked, self._not_before, self._asked_not_before = False, now + self._every_s, now + ASKED_EVERY_S
        latest = self._again | {report.key: report for report in made}
        self._again = {}
        if not latest:
            return
        self._on_their_way += latest.values()
        if self._channel is None:
            assert self._connect is not None
            with unforked():
                self._channel = self._connect()
        self._channel.send(self._on_their_way)
        self._hear()

    def _hear(self, within_s: float = 0.0) -> None:
        if self._on_their_way and self._channel is not None and self._channel.settled(within_s):
            metrics.SOURCE_REPORTS.inc(len(self._on_their_way))
            self._on_their_way = []

    def _guarded(self, step: Callable[[], None]) -> None:
        """Trouble is told once and waited out: events go on."""
        try:
            step()
        except Exception as error:
            log.debug("source reports", exc_info=True)
            metrics.SOURCE_REPORT_FAILURES.inc()
            self._keep_for_later()
            if self._may_send and not self._is_told:
                self._is_told = True
                log.warning(
                    "%s does not take reports of what was sent (%s): events go on, but an end that is lost would not "
                    "be noticed by `chatsnapshot status --completeness`",
                    self._where,
                    error,
                )
            self._disconnect()

    def _keep_for_later(self) -> None:
        kept = [*self._again.values(), *self._on_their_way]
        self._again = {report.key: report for report in kept[-AGAIN_MAX:]}
        self._on_their_way = []
        self._paused_until = time.monotonic() + max(self._every_s, ASKED_EVERY_S)

    def _disconnect(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            try:
                channel.close()
            except Exception as error:  # closing is a courtesy
                log.debug("closing the reports' connection: %s", error)
