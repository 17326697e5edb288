"""A read at work: the engine writes its result into a pipe, and the event loop takes it from there.

The engine's own formatter writes the whole result as one stream in any format, waits while nobody reads, and so holds
nothing back: a result of any size takes constant memory.
"""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Callable

from chatsnapshot.embedded.clickhouse.engine import Engine, Job, Outcome
from chatsnapshot.embedded.clickhouse.pool import Lane

PIPE_BYTES = 1024 * 1024
"""Linux's limit for an ordinary user: fewer switches between the engine and the loop."""
READ_BYTES = 256 * 1024
KILL_EVERY_S = 0.2
KILLS_MAX = 50
"""A query that does not notice its cancellation within 10 s is left to end by itself; its place stays taken."""


class RunningRead:
    """One READ statement. Begun by `begin`, read to its end, and always given to `abandon`."""

    def __init__(
        self,
        engine: Engine,
        job: Job,
        running: "asyncio.Future[Outcome]",
        reader: asyncio.StreamReader,
        transport: asyncio.ReadTransport,
    ) -> None:
        self._engine = engine
        self._job = job
        self._running = running
        self._reader = reader
        self._transport = transport

    @classmethod
    async def begin(cls, engine: Engine, lane: Lane, job_writing_to: Callable[[str], Job]) -> "RunningRead":
        """Start once the lane has a place; `job_writing_to` makes the job for the path of the pipe."""
        read_end, write_end = os.pipe()
        try:
            _widen(write_end)
            job = job_writing_to(f"/dev/fd/{write_end}")
            reader, transport = await _stream_reader(read_end)
        except BaseException:
            os.close(write_end)
            raise

        def work() -> Outcome:
            try:
                return engine.run(job)
            finally:
                os.close(write_end)  # the reader's end of file

        try:
            running = await lane.start(work)
        except BaseException:
            os.close(write_end)
            transport.close()
            raise
        return cls(engine, job, running, reader, transport)

    async def read(self) -> bytes:
        """The next piece of the result; empty at its end, be that the result's or an error's."""
        return await self._reader.read(READ_BYTES)

    async def outcome(self) -> Outcome:
        """What it came to, after the last piece. Raises EndpointError."""
        return await asyncio.shield(self._running)

    def abandon(self) -> None:
        """Nobody wants the rest: close the pipe and, if it still runs, cancel the query in the background."""
        self._transport.close()
        if not self._running.done():
            task = asyncio.get_running_loop().create_task(self._kill())
            _KILLERS.add(task)
            task.add_done_callback(_KILLERS.discard)

    async def _kill(self) -> None:
        for _ in range(KILLS_MAX):
            if self._running.done():
                return
            await asyncio.to_thread(self._engine.kill, self._job.mark)
            await asyncio.wait([self._running], timeout=KILL_EVERY_S)


_KILLERS: set["asyncio.Task[None]"] = set()
"""Keeps the background tasks alive: the loop itself holds them weakly."""


async def _stream_reader(read_end: int) -> tuple[asyncio.StreamReader, asyncio.ReadTransport]:
    reader = asyncio.StreamReader(limit=PIPE_BYTES)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_end, "rb", buffering=0)
    )
    return reader, transport


def _widen(descriptor: int) -> None:
    set_size = getattr(fcntl, "F_SETPIPE_SZ", None)
    if set_size is not None:
        with contextlib.suppress(OSError):  # the system's limit is lower: the pipe works as it is
            fcntl.fcntl(descriptor, set_size, PIPE_BYTES)
