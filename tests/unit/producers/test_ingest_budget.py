import asyncio

import pytest

from chatsnapshot_producers.ingest_budget import IngestBudget
from chatsnapshot_producers.ingest_delivery import Delivery, Problem
from chatsnapshot_producers.ingest_silence import Silence
from chatsnapshot_schemas.errors import IngestBusy


def test_bytes_and_requests_are_bounded_and_given_back() -> None:
    budget = IngestBudget(bytes_max=100, requests_max=2)
    with budget.admit() as first:
        first.add(60)
        with budget.admit() as second:
            second.add(40)
            with pytest.raises(IngestBusy, match="100 bytes"):
                second.add(1)
            with pytest.raises(IngestBusy, match="2 requests"):
                budget.admit()
        first.add(40)
    with budget.admit() as third:
        third.add(100)


def test_a_request_alone_always_finds_room_and_keeps_others_out() -> None:
    budget = IngestBudget(bytes_max=100, requests_max=2)
    with budget.admit() as large:
        large.add(90)
        large.add(90)
        with budget.admit() as small, pytest.raises(IngestBusy):
            small.add(1)


async def test_what_is_still_on_its_way_takes_room_after_the_answer() -> None:
    budget = IngestBudget(bytes_max=100, requests_max=1)
    settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    with budget.admit() as charge:
        charge.add(100)
        charge.keep_until(settled)
    with pytest.raises(IngestBusy):
        budget.admit()
    settled.set_result(None)
    await asyncio.sleep(0)
    with budget.admit() as again:
        again.add(100)


def test_a_delivery_is_settled_once_when_nothing_is_open() -> None:
    called: list[int] = []
    delivery = Delivery(4, lambda: called.append(1))
    silent, refused = Problem("silence", refused=False), Problem("too large", refused=True)
    delivery.settle(2, None)
    delivery.settle(1, refused)
    assert delivery.problems(silent) == [silent, refused, None, silent]
    assert not called
    delivery.settle_from(0, Problem("full", refused=False))
    delivery.settle(3, None)  # the first word counts
    assert called == [1]
    assert delivery.problems(silent) == [Problem("full", False), refused, None, Problem("full", False)]


def test_a_silent_broker_gets_one_request_a_second_to_find_out() -> None:
    silence = Silence(silent_after_s=10)
    silence.settled(100)
    assert silence.lets_through(109.9, 5)
    assert [silence.lets_through(now, 5) for now in (111, 111.5, 111.9, 112, 112.1)] == [
        True,
        False,
        False,
        True,
        False,
    ]
    assert silence.lets_through(112.2, 0)  # nothing is open: nobody can be silent
    silence.settled(112.3)
    assert all(silence.lets_through(112.4, 5) for _ in range(9))
