import asyncio
import threading
from uuid import UUID

import pytest

from chatsnapshot_producers.causes import INHERIT, ROOT, Cause, CauseArgument, causation_fields, enclosing_cause
from chatsnapshot_schemas.errors import InvalidEvent

A, B, C = (f"01980000-0000-7000-8000-00000000000{digit}" for digit in "abc")


def inherited(run: str = "run-1") -> str | None:
    return causation_fields(INHERIT, run).causation_id


def test_no_cause_is_a_root() -> None:
    assert causation_fields(None, "run-1") == ROOT
    assert causation_fields(INHERIT, "run-1") == ROOT
    assert causation_fields([], "run-1") == ROOT


@pytest.mark.parametrize("argument", [A, A.upper(), UUID(A), Cause(A), Cause(A, "run-1"), [A], (A, A)])
def test_every_form_of_one_cause(argument: CauseArgument) -> None:
    assert causation_fields(argument, "run-1") == (A, None, ())


def test_several_causes_keep_their_order() -> None:
    assert causation_fields([A, B, A, C], "run-1") == (A, None, (B, C))


def test_the_cause_of_another_run_is_named_with_it() -> None:
    assert causation_fields(Cause(A, "other"), "run-1") == (A, "other", ())
    assert causation_fields([B, Cause(A, "other"), C], "run-1") == (A, "other", (B, C))


def test_one_cause_at_most_of_another_run() -> None:
    with pytest.raises(InvalidEvent, match="cause: at most one event of another run, not 2"):
        causation_fields([Cause(A, "other"), Cause(B, "third")], "run-1")


def test_what_is_no_cause_is_refused() -> None:
    for wrong in (7, [7], object()):
        with pytest.raises(InvalidEvent, match="cause: an event, an id or several of them"):
            causation_fields(wrong, "run-1")  # type: ignore[arg-type]


def test_blocks_nest_and_end() -> None:
    with enclosing_cause(A, "run-1"):
        with enclosing_cause([B, C], "run-1"):
            assert causation_fields(INHERIT, "run-1") == (B, None, (C,))
        assert inherited() == A
        assert causation_fields(None, "run-1") == ROOT
    assert inherited() is None


def test_a_block_ends_by_an_error_too() -> None:
    with pytest.raises(ValueError, match="inside"), enclosing_cause(A, "run-1"):
        raise ValueError("inside")
    assert inherited() is None


def test_a_bare_id_in_a_block_is_an_event_of_the_blocks_run() -> None:
    with enclosing_cause(A, "run-1"):
        assert causation_fields(INHERIT, "run-2") == (A, "run-1", ())


def test_threads_do_not_see_each_others_causes() -> None:
    seen: dict[str, str | None] = {}
    both_inside = threading.Barrier(2, timeout=10)

    def work(event: str) -> None:
        with enclosing_cause(event, "run-1"):
            both_inside.wait()
            seen[event] = inherited()

    with enclosing_cause(C, "run-1"):
        threads = [threading.Thread(target=work, args=(event,)) for event in (A, B)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert seen == {A: A, B: B}


async def test_tasks_inherit_from_where_they_were_begun_and_do_not_see_each_other() -> None:
    async def child(event: str) -> tuple[str | None, str | None]:
        outside = inherited()
        with enclosing_cause(event, "run-1"):
            await asyncio.sleep(0.001)
            return outside, inherited()

    with enclosing_cause(C, "run-1"):
        tasks = [asyncio.create_task(child(event)) for event in (A, B)]
    assert await asyncio.gather(*tasks) == [(C, A), (C, B)]
    assert inherited() is None


async def test_a_block_in_an_async_generator_that_is_closed_elsewhere_raises_nothing() -> None:
    async def items():  # type: ignore[no-untyped-def]
        with enclosing_cause(A, "run-1"):
            yield 1
            yield 2

    generator = items()
    await asyncio.create_task(anext(generator))
    await asyncio.create_task(generator.aclose())
    assert inherited() is None
