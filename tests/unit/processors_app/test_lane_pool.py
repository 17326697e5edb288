"""A partition's lanes follow each other, however rebalances overlap: the cache folder belongs to one at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock
from typing import Any

import pytest

from chatsnapshot_processors import lane as lanes
from chatsnapshot_processors.batch_transaction import Abandoned
from chatsnapshot_processors.lane_pool import LanePool
from tests.pipeline.lane_drill import brokerless_config, lane_context, no_membership

WITHIN_S = 30.0
MOMENT_S = 0.05


class Openings:
    """In place of `open_lane`: each lasts until it is let go, and notes when it meets another."""

    def __init__(self) -> None:
        self.begun = 0
        self.met = False
        self.let_go = Event()
        self._one = Lock()

    def __call__(self, *_: Any) -> Any:
        if not self._one.acquire(blocking=False):
            self.met = True
        self.begun += 1
        assert self.let_go.wait(WITHIN_S)
        self._one.release()
        raise Abandoned("let go")


async def cut_short(revoking: "asyncio.Task[None]") -> None:
    revoking.cancel()
    with suppress(asyncio.CancelledError):
        await revoking


async def left_alone(revoking: "asyncio.Task[None]") -> None:
    """It goes on while the next assignment comes."""


@pytest.mark.parametrize("meanwhile", [left_alone, cut_short])
def test_a_lane_begins_when_its_predecessor_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[["asyncio.Task[None]"], Awaitable[None]]
) -> None:
    openings = Openings()
    monkeypatch.setattr(lanes, "open_lane", openings)
    config = brokerless_config(tmp_path)
    failures: list[Exception] = []

    async def overlapping() -> None:
        pool = LanePool(lane_context(config), failures.append)
        await pool.assign([0], no_membership(config))
        await until(lambda: openings.begun == 1)
        revoking = asyncio.create_task(pool.revoke())
        await asyncio.sleep(MOMENT_S)
        await meanwhile(revoking)
        assigning = asyncio.create_task(pool.assign([0], no_membership(config)))
        await asyncio.sleep(MOMENT_S)
        openings.let_go.set()
        await assigning
        await until(lambda: openings.begun >= 2)
        await pool.revoke()

    asyncio.run(overlapping())
    assert not openings.met
    assert failures == []


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not true():
            await asyncio.sleep(0.005)
