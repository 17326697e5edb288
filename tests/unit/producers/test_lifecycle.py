import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chatsnapshot_producers.recorder import Recorder
from chatsnapshot_producers.run import Run
from chatsnapshot_schemas.envelope import EventEnvelope
from chatsnapshot_schemas.errors import SpoolFull
from tests.unit.producers.line_transport import recorder_to


class Watched(Recorder):
    """Keeps what it recorded, for looking at."""

    def propose(self, *arguments: Any, **more: Any) -> EventEnvelope:
        envelope = super().propose(*arguments, **more)
        self.seen = [*getattr(self, "seen", []), envelope]
        return envelope


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Watched]:
    made = recorder_to(tmp_path)
    made.__class__ = Watched
    assert isinstance(made, Watched)
    with made:
        yield made


@pytest.fixture
def run(recorder: Watched) -> Run:
    return recorder.run("r-1", workflow="refund", user="u-17")


def payload(envelope: EventEnvelope) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(envelope.payload)
    return read


def test_start_and_end_are_facts_and_what_is_inside_is_caused_by_the_start(recorder: Watched, run: Run) -> None:
    with run.lifecycle() as started:
        inside = run.record("execution.message")
    after = run.record("execution.message")
    ended = recorder.seen[2]
    assert (started.event_type, ended.event_type) == ("system.workflow_started", "system.workflow_completed")
    assert inside.causation_id == ended.causation_id == started.event_id
    assert started.causation_id is None
    assert after.causation_id is None
    told = {"entity": "workflow", "entity_id": "r-1", "name": "refund", "workflow_name": "refund", "user_id": "u-17"}
    assert payload(started) == told | {"phase": "started"}
    assert payload(ended).pop("duration_ms") >= 0
    assert payload(ended).items() >= (told | {"phase": "completed"}).items()
    assert started.source.origin == "system"


def test_an_exception_is_a_failure_and_goes_on(recorder: Watched, run: Run) -> None:
    with pytest.raises(KeyError, match="lost"), run.lifecycle():
        raise KeyError("lost")
    failed = recorder.seen[-1]
    assert failed.event_type == "system.workflow_failed"
    assert payload(failed)["error"] == {"type": "KeyError", "message": "'lost'"}
    assert failed.causation_id == recorder.seen[0].event_id


@pytest.mark.parametrize(
    ("error", "event_type"),
    [
        (SystemExit(0), "system.workflow_completed"),
        (SystemExit(3), "system.workflow_failed"),
        (KeyboardInterrupt(), "system.workflow_cancelled"),
    ],
)
def test_how_a_process_ends(recorder: Watched, run: Run, error: BaseException, event_type: str) -> None:
    with pytest.raises(type(error)), run.lifecycle():
        raise error
    assert recorder.seen[-1].event_type == event_type


async def test_a_cancelled_task_is_a_cancelled_run(recorder: Watched, run: Run) -> None:
    entered = asyncio.Event()

    async def work() -> None:
        async with run.lifecycle():
            entered.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert recorder.seen[-1].event_type == "system.workflow_cancelled"


async def test_parallel_runs_keep_apart(recorder: Watched) -> None:
    async def work(name: str) -> tuple[str, str | None]:
        run = recorder.run(name)
        async with run.lifecycle() as started:
            await asyncio.sleep(0.001)
            return started.event_id, run.record("execution.message").causation_id

    for started, inherited in await asyncio.gather(*(work(f"r-{number}") for number in range(5))):
        assert inherited == started


def test_a_run_inside_a_run_is_caused_from_outside(recorder: Watched, run: Run) -> None:
    with run.lifecycle() as outer, recorder.run("r-2").lifecycle() as inner:
        pass
    assert (inner.causation_id, inner.causation_correlation_id) == (outer.event_id, "r-1")


def test_the_blocks_own_error_goes_before_trouble_with_recording(
    run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*arguments: Any, **more: Any) -> EventEnvelope:
        raise SpoolFull("the spool is full")

    def fail() -> None:
        with run.lifecycle():
            monkeypatch.setattr(run, "record", full)
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        fail()
    assert "system.workflow_failed of run r-1 was not recorded: the spool is full" in caplog.text
