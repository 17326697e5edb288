"""What this process numbered, and how much of it is settled: the figures of its source reports.

Nothing is counted while recording: the counters exist anyway, and what waits is read from the spool when it is asked.
"""

import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from chatsnapshot_producers.lost_by_run import LostByRun, Whose
from chatsnapshot_producers.numbering import EVICTED_KEPT_MAX, Numbering
from chatsnapshot_producers.spool import Spool
from chatsnapshot_producers.spooled_event import SpooledEvent
from chatsnapshot_schemas.avro_schema import envelope_schema
from chatsnapshot_schemas.codec import decode_plain
from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.source_reports import InstanceReport, LostNumbers, RunReport, SourceReport

WAITING_READ_MAX = 20_000
"""Events of the spool that are looked at for a report, a fifth of a second; of runs whose first waiting event lies
beyond them, only what was settled before is said."""
UNSETTLED_MAX = 20_000
"""Evicted counters with events in the spool that are followed until those are settled."""
ADOPTED_RUNS_MAX = 20_000
"""Runs of adopted spools whose figures are kept; the oldest are left out, their last report stays."""
_MICROS = 1_000_000

Figures = tuple[int, int, int, int]
"""numbered, settled, dropped, refused."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """The first number of each run that is still in the spool."""

    first: dict[Whose, int]
    is_whole: bool
    """Whether the whole spool was looked at."""

    def settled(self, whose: Whose, numbered: int, before: int) -> int:
        """Below which number everything is settled; `before`: what was said last."""
        return self.first.get(whose, numbered if self.is_whole else before)


class SourceTally:
    """Of one process; `lock` is the one of numbering and appending."""

    def __init__(self, numbering: Numbering, lock: threading.Lock, service: str) -> None:
        self._numbering = numbering
        self._lock = lock
        self._service = service or "unknown"
        self._started_at = _now()
        self._sender = numbering.instance
        self._dropped, self._refused, self._refused_adopted = LostByRun(), LostByRun(), LostByRun()
        self._said: dict[Whose, Figures] = {}
        self._unsettled: dict[Whose, int] = {}
        self._introduced: set[tuple[str, str]] = set()
        self._adopted: dict[Whose, int] = {}
        self._adopted_unsaid: set[Whose] = set()
        self._said_at = (0, 0, 0)
        self._drops = 0
        self.spool: Spool | None = None
        """This process's own; None before the first event."""

    # -- what happens to events --------------------------------------------------------------------------------------

    def dropped(self, key: bytes, instance: str, number: int) -> None:
        """An event of this process found no room. The caller holds the lock."""
        self._drops += 1
        self._dropped.add((key, instance), number)

    def refused(self, event: SpooledEvent, *, is_adopted: bool) -> None:
        """The destination will never take this event."""
        whose, number = _source(event)
        if number is not None:
            (self._refused_adopted if is_adopted else self._refused).add(whose, number)

    def adopted_settled(self, events: list[SpooledEvent]) -> None:
        """Events of a spool that was adopted are settled: one batch, in which a run has one instance."""
        found: set[bytes] = set()
        for event in reversed(events):
            whose, number = ((event.key, ""), None) if event.key in found else _source(event)
            if number is not None:
                found.add(event.key)  # those before it have lower numbers, and decoding them takes long
                self._adopted[whose] = max(self._adopted.pop(whose, 0), number + 1)
                self._adopted_unsaid.add(whose)
        while len(self._adopted) > ADOPTED_RUNS_MAX:
            oldest = next(iter(self._adopted))
            del self._adopted[oldest]
            self._adopted_unsaid.discard(oldest)

    # -- what is said of it ------------------------------------------------------------------------------------------

    def has_news(self) -> bool:
        """Whether anything happened since the last report. Looks at a few numbers."""
        return bool(self._adopted_unsaid) or self._happened() != self._said_at

    @property
    def is_crowded(self) -> bool:
        """Whether so many counters were evicted that the next ones would be forgotten unreported."""
        return self._numbering.evicted_count > EVICTED_KEPT_MAX // 2

    def reports(self, *, closed: bool = False) -> list[SourceReport]:
        """What has changed since the last time. `closed`: the process ends in order, nothing more will come."""
        happened = self._happened()
        with self._lock:
            current = self._numbering.instance
            living, evicted = self._numbering.counters()
            dropped, end = self._dropped.snapshot(), self.spool.end if self.spool else None
        now = _now()
        counts = {(key, counter.instance): counter.next for key, counter in living if counter.next}
        gone = self._unsettled | {(key, counter.instance): counter.next for key, counter in evicted if counter.next}
        self._unsettled = _latest(gone, UNSETTLED_MAX)  # they are given once: a spool that cannot be read keeps them
        waiting = self._waiting(end)
        runs = [*self._changed(gone, waiting, dropped, now), *self._changed(counts, waiting, dropped, now)]
        self._unsettled = _latest({w: n for w, n in gone.items() if self._said[w][1] < n}, UNSETTLED_MAX)
        for whose in self._said.keys() - counts.keys() - self._unsettled.keys():
            del self._said[whose]
            self._refused.forget(whose)
        self._forget_drops(counts)
        reports: list[SourceReport] = [
            *self._instances(counts.keys() | gone.keys(), current, now, closed=closed),
            *runs,
        ]
        reports += self._adopted_reports(now)
        self._said_at = happened
        return reports

    def _happened(self) -> tuple[int, int, int]:
        spool = self.spool
        return (spool.events_appended, spool.pending_events, self._drops) if spool else (0, 0, self._drops)

    def _waiting(self, end: object) -> _Waiting:
        first: dict[Whose, int] = {}
        spool = self.spool
        if spool is None or end is None:
            return _Waiting(first, is_whole=True)
        for read, event in enumerate(spool.pending()):
            if read == WAITING_READ_MAX:
                return _Waiting(first, is_whole=False)
            whose, number = _source(event)
            if number is not None:
                first.setdefault(whose, number)
        return _Waiting(first, is_whole=True)

    def _changed(
        self, counts: dict[Whose, int], waiting: _Waiting, dropped: dict[Whose, LostNumbers], now: int
    ) -> Iterator[RunReport]:
        for whose, numbered in counts.items():
            before = self._said.get(whose, (0, 0, 0, 0))
            lost, refused = dropped.get(whose, LostNumbers()), self._refused.of(whose)
            settled = min(numbered, max(before[1], waiting.settled(whose, numbered, before[1])))
            figures = (numbered, settled, lost.count, refused.count)
            if figures != before:
                self._said[whose] = figures
                yield RunReport(*_ids(whose), numbered, settled, now, lost, refused)

    def _instances(self, present: set[Whose], current: str, now: int, *, closed: bool) -> Iterator[InstanceReport]:
        """Each once when it begins to count, and once when it ends: with the process, or all its counters evicted."""
        known = {(_tenant(key), instance) for key, instance in present}
        ended = {each for each in self._introduced - known if each[1] != current}
        for tenant, instance in sorted(known | self._introduced if closed else (known - self._introduced) | ended):
            spool = self.spool.path.name if self.spool else ""
            yield InstanceReport(
                tenant_id=tenant,
                instance=instance,
                service=self._service,
                host=socket.gethostname() or "unknown",
                pid=os.getpid(),
                spool=spool,
                started_at=self._started_at,
                updated_at=now,
                closed=closed or (tenant, instance) in ended,
            )
        self._introduced = (self._introduced | known) - ended

    def _adopted_reports(self, now: int) -> Iterator[RunReport]:
        unsaid, self._adopted_unsaid = self._adopted_unsaid, set()
        for whose in sorted(unsaid):
            numbered, refused = self._adopted[whose], self._refused_adopted.of(whose)
            yield RunReport(*_ids(whose), numbered, numbered, now, refused=refused, sender=self._sender)

    def _forget_drops(self, counts: dict[Whose, int]) -> None:
        with self._lock:
            for whose in self._dropped.snapshot().keys() - counts.keys() - self._unsettled.keys():
                self._dropped.forget(whose)


def _source(event: SpooledEvent) -> tuple[Whose, int | None]:
    """(message key and instance, number); no number: an event that nobody counted, or of another version."""
    if event.fingerprint != envelope_schema().fingerprint:
        return (event.key, ""), None
    try:
        plain = decode_plain(event.body)
    except InvalidEvent:
        return (event.key, ""), None
    instance = plain["source"]["instance"]
    return (event.key, instance or ""), plain["source_seq"] if instance else None


def _ids(whose: Whose) -> tuple[str, str, str]:
    """Tenant, instance and correlation."""
    tenant, _, correlation = whose[0].decode().partition("/")
    return tenant, whose[1], correlation


def _tenant(key: bytes) -> str:
    return key.decode().partition("/")[0]


def _latest(counts: dict[Whose, int], at_most: int) -> dict[Whose, int]:
    return counts if len(counts) <= at_most else dict(list(counts.items())[-at_most:])


def _now() -> int:
    return int(time.time() * _MICROS)
