"""One request with events: read, hand over, wait for every acknowledgement, answer by index.

Runs on one event loop; what takes long runs in threads of its own. No HTTP here: the server gives bytes and headers.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from chatsnapshot_producers import metrics
from chatsnapshot_producers.blobs import BlobStore
from chatsnapshot_producers.ingest_body import BodyForm, event_texts
from chatsnapshot_producers.ingest_budget import EVENT_BYTES, Charge, IngestBudget
from chatsnapshot_producers.ingest_delivery import Delivery, Problem
from chatsnapshot_producers.ingest_producer import IngestProducer
from chatsnapshot_producers.ingest_reading import Proposed, TenantRule, read_event
from chatsnapshot_producers.ingest_result import Fate, Fault, IngestAnswer, Result, answer_of
from chatsnapshot_producers.ingest_unpacking import unpacked
from chatsnapshot_schemas.errors import BlobUnavailable, BrokerUnavailable, ConfigurationError
from chatsnapshot_schemas.reasons import Reason

INLINE_BYTES_MAX = 64 * 1024
"""A smaller body is read in about a millisecond: a thread would cost more than it spares the others. A payload that
goes to blob storage is larger, so nothing that waits for storage runs on the event loop."""
THREADS = 4
"""They share one interpreter: more would only take turns."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class IngestLimits:
    """Bounds of one ingest process."""

    body_bytes_max: int
    events_max: int
    inflight_bytes_max: int
    inflight_requests_max: int
    ack_s: float

    @property
    def queue_events_max(self) -> int:
        """So many events can be in the producer's queue at most, by the bound on bytes; and one request more."""
        return self.inflight_bytes_max // EVENT_BYTES + self.events_max


@dataclass(frozen=True, slots=True)
class PackedBody:
    """A request's body as it came."""

    content: bytes
    form: BodyForm
    encoding: str | None = None
    """Content-Encoding."""


class Ingest:
    """Takes requests until closed."""

    def __init__(self, producer: IngestProducer, blobs: BlobStore, limits: IngestLimits) -> None:
        self.limits = limits
        self.budget = IngestBudget(limits.inflight_bytes_max, limits.inflight_requests_max)
        self._producer = producer
        self._blobs = blobs
        self._threads = ThreadPoolExecutor(THREADS, "chatsnapshot-ingest")

    def start(self) -> None:
        """Begin; on the event loop that will call `take`."""
        self._producer.start()

    async def close(self) -> None:
        """End, in bounded time."""
        await asyncio.to_thread(self._producer.close)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def ready(self, timeout_s: float) -> None:
        """Raise BrokerUnavailable unless the broker answers and has the topic."""
        await asyncio.to_thread(self._producer.ready, timeout_s)

    def check(self) -> None:
        """Raise BrokerUnavailable while the broker does not acknowledge: before a body is read."""
        self._producer.check()

    async def take(self, body: PackedBody, rule: TenantRule, charge: Charge) -> IngestAnswer:
        """Answer once each event's fate is known, or after `ack_s`. `charge` has the body's bytes already.

        Raises UnsupportedMedia and InvalidEvent about the whole body; IngestBusy, BlobUnavailable, BrokerUnavailable,
        RegistryUnavailable, SchemaRefused: then nothing of it was handed on.
        """
        if not self._producer.is_prepared:
            await self._in_thread(self._producer.prepare)
        size = len(body.content)
        texts = await self._run(size if body.encoding is None else INLINE_BYTES_MAX + 1, partial(self._texts, body))
        unpacked_size = sum(map(len, texts))
        charge.add(max(0, unpacked_size - size) + len(texts) * EVENT_BYTES)
        read = await self._run(unpacked_size, partial(self._read, texts, rule))
        proposed = [each for each in read if isinstance(each, Proposed)]
        delivered = iter(await self._deliver(proposed, unpacked_size, charge))
        results = [next(delivered) if isinstance(each, Proposed) else each for each in read]
        _count(results)
        return answer_of(results)

    def _texts(self, body: PackedBody) -> list[bytes | str]:
        plain = unpacked(body.content, body.encoding, self.limits.body_bytes_max)
        return event_texts(plain, body.form, self.limits.events_max)

    def _read(self, texts: Sequence[bytes | str], rule: TenantRule) -> list[Proposed | Result]:
        try:
            return [read_event(text, rule, self._blobs) for text in texts]
        except ConfigurationError as error:  # the server's own: the client did nothing wrong and may come back
            raise BlobUnavailable(str(error)) from error

    async def _deliver(self, events: Sequence[Proposed], size: int, charge: Charge) -> list[Result]:
        if not events:
            return []
        loop = asyncio.get_running_loop()
        settled: asyncio.Future[None] = loop.create_future()
        delivery = Delivery(len(events), partial(_wake, loop, settled))
        await self._run(size, partial(self._producer.hand_over, events, delivery))
        charge.keep_until(settled)
        await asyncio.wait((settled,), timeout=self.limits.ack_s)
        problems = delivery.problems(Problem(self._producer.silence(self.limits.ack_s), refused=False))
        await self._retry_refused(events, problems)
        return [_result(event, problem) for event, problem in zip(events, problems, strict=True)]

    async def _retry_refused(self, events: Sequence[Proposed], problems: list[Problem | None]) -> None:
        """The broker refuses a whole batch for one event in it: find out which, and deliver the others."""
        refused = [index for index, problem in enumerate(problems) if problem is not None and problem.refused]
        if refused:
            again = partial(self._producer.send_alone, [events[index] for index in refused], self.limits.ack_s)
            for index, problem in zip(refused, await self._in_thread(again), strict=True):
                problems[index] = problem

    async def _run(self, size: int, work: Callable[[], Answer]) -> Answer:
        """Here when it is short, in a thread when it is not."""
        return work() if size <= INLINE_BYTES_MAX else await self._in_thread(work)

    async def _in_thread(self, work: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _wake(loop: asyncio.AbstractEventLoop, settled: "asyncio.Future[None]") -> None:
    """From the producer's thread; a loop that ended meanwhile has nobody who waits."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(_done, settled)


def _done(settled: "asyncio.Future[None]") -> None:
    if not settled.done():
        settled.set_result(None)


def _result(event: Proposed, problem: Problem | None) -> Result:
    if problem is None:
        return Result(Fate.ACCEPTED, event.event_id, event.correlation_id)
    if problem.refused:
        size = len(event.key) + len(event.body)
        fault = Fault(str(Reason.TOO_LARGE), "payload", f"{size} bytes as a message: {problem.message}")
        return Result(Fate.REJECTED, event.event_id, event.correlation_id, fault)
    fault = Fault(BrokerUnavailable.code, None, f"{problem.message}; send it again with the same event_id")
    return Result(Fate.UNKNOWN, event.event_id, event.correlation_id, fault)


def _count(results: Sequence[Result]) -> None:
    for fate in Fate:
        metrics.INGEST_EVENTS.labels(str(fate)).inc(sum(1 for result in results if result.fate is fate))
    for result in results:
        if result.fate is Fate.REJECTED and result.fault is not None:
            metrics.INGEST_REJECTIONS.labels(result.fault.reason).inc()
