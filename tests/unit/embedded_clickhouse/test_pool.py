import asyncio
import threading

import pytest

from chatsnapshot.embedded.clickhouse.errors import EndpointError
from chatsnapshot.embedded.clickhouse.pool import Lane


async def test_a_full_lane_makes_others_wait_and_then_refuses() -> None:
    lane = Lane("test", size=1, waiting_max=1, wait_s=0.01)
    release = threading.Event()
    first = await lane.start(release.wait)
    with pytest.raises(EndpointError) as caught:
        await lane.start(lambda: None)
    assert (caught.value.name, caught.value.status) == ("TOO_MANY_SIMULTANEOUS_QUERIES", 503)
    release.set()
    assert await first
    assert await (await lane.start(lambda: 7)) == 7
    lane.stop()


async def test_who_waits_comes_next() -> None:
    lane = Lane("test", size=1, waiting_max=1, wait_s=60)
    release = threading.Event()
    first = await lane.start(release.wait)
    second = asyncio.ensure_future(lane.start(lambda: "second"))
    await asyncio.sleep(0)
    with pytest.raises(EndpointError, match="more are waiting"):
        await lane.start(lambda: None)
    release.set()
    await first
    assert await (await second) == "second"
    lane.stop()


async def test_a_failure_gives_its_place_back() -> None:
    lane = Lane("test", size=1, waiting_max=1, wait_s=60)
    for _ in range(3):
        failing = await lane.start(lambda: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            await failing
    lane.stop()
