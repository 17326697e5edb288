"""A read that does not notice its cancellation."""

import asyncio
import threading
from typing import Any

import pytest

from chatsnapshot.embedded.clickhouse import running_read
from chatsnapshot.embedded.clickhouse.engine import Job
from chatsnapshot.embedded.clickhouse.pool import Lane
from chatsnapshot.embedded.clickhouse.running_read import RunningRead


class DeafEngine:
    """Runs until it is released, however often it is killed."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.kills: list[str] = []

    def run(self, _job: Job) -> None:
        self.release.wait()

    def kill(self, mark: str) -> None:
        self.kills.append(mark)


async def test_it_is_killed_so_often_and_then_left_to_end_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running_read, "KILLS_MAX", 4)
    monkeypatch.setattr(running_read, "KILL_EVERY_S", 0.001)
    engine: Any = DeafEngine()
    lane = Lane("test", size=1, waiting_max=0, wait_s=0.01)
    job = Job("SELECT 1")
    read = await RunningRead.begin(engine, lane, lambda _path: job)
    read.abandon()
    try:
        await asyncio.wait(running_read._KILLERS, timeout=10)
        assert engine.kills == [job.mark] * 4
    finally:
        engine.release.set()
    assert await read.outcome() is None
    lane.stop()
