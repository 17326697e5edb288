"""Lanes: how many statements of one kind run at once, and how long others wait for their turn.

Reads, people's reads, questions about tables, and changes have a lane each, with threads of their own: slow queries
never keep an insert waiting, nor what a client asks before it inserts.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from chatsnapshot.embedded.clickhouse.errors import Code, EndpointError

T = TypeVar("T")

WAIT_S = 30.0
"""How long a request waits for its turn before it is told to come back: what a server's clients are used to."""
WAITING_MAX = 64
"""Requests that may wait in one lane; each holds a connection and, for an insert, a file."""


class Lane:
    """A bounded number of running jobs and a bounded queue for them. Used by one event loop."""

    def __init__(self, name: str, size: int, waiting_max: int = WAITING_MAX, wait_s: float = WAIT_S) -> None:
        self.name = name
        self.size = size
        self._wait_s = wait_s
        self._waiting_max = waiting_max
        self._waiting = 0
        self._slots = asyncio.Semaphore(size)
        self._threads = ThreadPoolExecutor(size, thread_name_prefix=name)

    async def start(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """Begin the work in a thread once there is a place; the place is given back when the work ends.

        Raises EndpointError (TOO_MANY_SIMULTANEOUS_QUERIES) when no place came in time.
        """
        await self._enter()
        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        running.add_done_callback(self._leave)
        return running

    def stop(self) -> None:
        """Take no more work; what runs goes on."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _enter(self) -> None:
        if not self._slots.locked():
            await self._slots.acquire()
            return
        if self._waiting >= self._waiting_max:
            raise self._busy(f"{self._waiting} more are waiting")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait_s):
                await self._slots.acquire()
        except TimeoutError:
            raise self._busy(f"no place within {self._wait_s:g} s") from None
        finally:
            self._waiting -= 1

    def _leave(self, finished: "asyncio.Future[T]") -> None:
        self._slots.release()
        if not finished.cancelled():
            finished.exception()  # taken: a client that went away does not wait for it

    def _busy(self, why: str) -> EndpointError:
        return EndpointError(
            Code.TOO_MANY_SIMULTANEOUS_QUERIES,
            f"Too many simultaneous queries for {self.name}. Maximum: {self.size}, {why}: try again later",
        )


@dataclass(frozen=True)
class Lanes:
    """The lanes of one endpoint."""

    reads: Lane
    people: Lane
    light: Lane
    changes: Lane

    @classmethod
    def usual(cls) -> "Lanes":
        """Eight clients read at once; people's SQL and changes have four places each (two cores do the work)."""
        return cls(Lane("reads", 8), Lane("people", 4), Lane("descriptions", 4), Lane("changes", 4))

    def stop(self) -> None:
        """Take no more work anywhere."""
        for lane in (self.reads, self.people, self.light, self.changes):
            lane.stop()
