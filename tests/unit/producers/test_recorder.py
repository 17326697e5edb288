import asyncio
import errno
import logging
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel

from chatsnapshot_producers import outbox
from chatsnapshot_producers.causes import ROOT, CausationFields
from chatsnapshot_producers.recorder import Recorder
from chatsnapshot_schemas.codec import encode_envelope
from chatsnapshot_schemas.envelope import EventEnvelope, Source
from chatsnapshot_schemas.errors import FatalError, InvalidEvent, SpoolFull, Undelivered
from chatsnapshot_schemas.reasons import Reason
from tests.unit.producers.line_transport import arrived, recorder_to, stop_taking, take_again, wait_until


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    with recorder_to(tmp_path) as made:
        yield made


def causation(envelope: EventEnvelope) -> CausationFields:
    return CausationFields(envelope.causation_id, envelope.causation_correlation_id, envelope.caused_by)


def test_recorded_events_arrive_in_order(recorder: Recorder, tmp_path: Path) -> None:
    run = recorder.run()
    ids = [run.record("execution.message", {"n": number}).event_id for number in range(200)]
    recorder.flush(10)
    assert [(event["id"], event["seq"]) for event in arrived(tmp_path)] == [(id_, n) for n, id_ in enumerate(ids)]
    status = recorder.status()
    assert (status.recorded, status.acknowledged, status.spooled, status.spool_bytes) == (200, 200, 0, 0)
    assert status.connected


def test_a_run_records_nothing_by_itself(recorder: Recorder, tmp_path: Path) -> None:
    assert UUID(recorder.run(workflow="refund").id).version == 7
    recorder.flush(1)
    assert recorder.status().recorded == 0
    assert not (tmp_path / "spool").exists()


def test_the_envelope_says_what_the_recorder_knows(recorder: Recorder) -> None:
    envelope = recorder.run("r-1").record(
        "integration.call", {"a": 1}, subject_id="u-17", headers={"traceparent": "00"}
    )
    assert envelope.tenant_id == "default"
    assert envelope.correlation_id == "r-1"
    assert (envelope.source.origin, envelope.source.runtime, envelope.source.service) == (
        "integration",
        "none",
        "tests",
    )
    assert envelope.source.instance == recorder.status().instance
    assert (envelope.source_seq, envelope.subject_id, envelope.headers) == (0, "u-17", {"traceparent": "00"})
    assert envelope.payload == '{"a":1}'
    assert causation(envelope) == ROOT


def test_the_short_form_of_the_specification_works_as_written(recorder: Recorder) -> None:
    snapshot = recorder
    first = snapshot.record(event_type="execution.message", correlation_id="run_1", payload={"content": "hi"})
    second = snapshot.record(
        event_type="tool_called",
        correlation_id="run_1",
        payload={"name": "search"},
        source={"origin": "agent", "runtime": "ag2"},
        causation_id=first.event_id,
    )
    third = snapshot.record("ui.interaction", "run_1", {"action": "click"}, "ui", None)
    assert [event.source_seq for event in (first, second, third)] == [0, 1, 2]
    assert (second.event_type, second.source.runtime) == ("execution.tool_call", "ag2")
    assert second.causation_id == first.event_id
    assert (third.source.origin, third.causation_id) == ("ui", None)
    with pytest.raises(TypeError, match="correlation_id"):
        snapshot.record(event_type="execution.message")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("source", "field"),
    [
        ({"origin": "robot"}, "source.origin"),
        ({"instance": "x"}, "source.instance"),
        (7, "source"),
        ("x", "source.origin"),
    ],
)
def test_a_source_that_cannot_be_is_refused_with_its_field(recorder: Recorder, source: object, field: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        recorder.record("execution.message", "r", source=source)  # type: ignore[arg-type]
    assert caught.value.field == field


def test_a_source_object_is_taken(recorder: Recorder) -> None:
    envelope = recorder.record("execution.message", "r", source=Source("system", "langgraph", "svc", agent="planner"))
    taken = envelope.source
    assert (taken.origin, taken.runtime, taken.service, taken.agent) == ("system", "langgraph", "svc", "planner")


class Answer(BaseModel):
    content: str
    at: datetime | None = None


@dataclass
class Note:
    content: str


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (None, "{}"),
        ({"content": "é"}, '{"content":"é"}'),
        (Answer(content="x"), '{"content":"x","at":null}'),
        (Note("x"), '{"content":"x"}'),
        ('{ "kept" :  1e3 }', '{ "kept" :  1e3 }'),
        ({"nested": Note("x")}, '{"nested":{"content":"x"}}'),
    ],
)
def test_every_kind_of_payload(recorder: Recorder, payload: object, text: str) -> None:
    assert recorder.run().record("execution.message", payload).payload == text


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"event_type": "nonsense"}, "event_type"),
        ({"event_type": 7}, "event_type"),
        ({"payload": [1]}, "payload"),
        ({"payload": "no json"}, "payload"),
        ({"payload": {"x": float("nan")}}, "payload"),
        ({"payload": {"x": object()}}, "payload"),
        ({"payload": {"x": "y" * 262_144}}, "payload"),
        ({"event_id": "not-a-uuid"}, "event_id"),
        ({"event_id": 7}, "event_id"),
        ({"timestamp": datetime(2026, 1, 1)}, "timestamp"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": 7}, "timestamp"),
        ({"subject_id": ""}, "subject_id"),
        ({"headers": [1]}, "headers"),
        ({"headers": {"a": 1}}, "headers.a"),
        ({"cause": "x"}, "causation_id"),
        ({"cause": 7}, "cause"),
    ],
)
def test_a_malformed_event_names_its_field_and_uses_no_number(
    recorder: Recorder, arguments: dict[str, object], field: str
) -> None:
    run = recorder.run()
    run.record("execution.message")
    with pytest.raises(InvalidEvent) as caught:
        run.record(**({"event_type": "execution.message"} | arguments))  # type: ignore[arg-type]
    assert caught.value.field == field
    assert run.record("execution.message").source_seq == 1


def test_a_payload_above_the_cap_says_what_is_missing(recorder: Recorder) -> None:
    with pytest.raises(InvalidEvent, match=r"payload: 300008 bytes, at most 262144: .*no blob storage") as caught:
        recorder.run().record("execution.message", {"x": "y" * 300_000})
    assert caught.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize("run_id", ["", "a\nb", "x" * 257, "\ud800"])
def test_a_run_id_that_cannot_be_is_refused(recorder: Recorder, run_id: str) -> None:
    with pytest.raises(InvalidEvent, match="correlation_id"):
        recorder.run(run_id).record("execution.message")


def test_ids_come_from_the_caller_from_a_natural_key_or_from_the_clock(recorder: Recorder) -> None:
    run, own = recorder.run(), uuid4()
    assert run.record("execution.message", event_id=own).event_id == str(own)
    keyed = run.record("execution.message", key="call-1")
    assert UUID(keyed.event_id).version == 5
    assert run.record("execution.message", key="call-1").event_id == keyed.event_id
    assert run.record("execution.message", key="call-1", source={"runtime": "ag2"}).event_id != keyed.event_id
    assert UUID(run.record("execution.message").event_id).version == 7


def test_timestamps_are_taken_as_given(recorder: Recorder) -> None:
    time = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    run = recorder.run()
    assert run.record("execution.message", timestamp=time).timestamp == time
    assert run.record("execution.message", timestamp="2026-01-02T03:04:05Z").timestamp == time


def test_causes_of_blocks_are_inherited_over_runs(recorder: Recorder) -> None:
    parent, child = recorder.run("parent"), recorder.run("child")
    asked = parent.record("execution.message")
    with parent.caused_by(asked):
        answered = parent.record("execution.message")
        begun = child.record("system.workflow_started")
        alone = parent.record("execution.message", cause=None)
    assert causation(answered) == (asked.event_id, None, ())
    assert causation(begun) == (asked.event_id, "parent", ())
    assert causation(alone) == ROOT
    with recorder.caused_by(asked, answered):
        assert causation(parent.record("execution.message")) == (asked.event_id, None, (answered.event_id,))


def test_numbers_are_dense_over_threads(recorder: Recorder, tmp_path: Path) -> None:
    runs = [recorder.run(f"r-{number}") for number in range(3)]

    def work() -> None:
        for number in range(300):
            runs[number % 3].record("execution.message")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorder.flush(10)
    for run in runs:
        assert [event["seq"] for event in arrived(tmp_path) if event["run"] == run.id] == list(range(400))


def test_forwarded_envelopes_stay_as_they_are(recorder: Recorder, tmp_path: Path) -> None:
    envelope = EventEnvelope(
        str(uuid4()),
        "r",
        "execution.message",
        datetime(2026, 1, 1, tzinfo=UTC),
        Source("agent", "x", "y", "z"),
        source_seq=41,
    )
    recorder.forward(envelope)
    recorder.flush(10)
    assert [(event["id"], event["instance"], event["seq"]) for event in arrived(tmp_path)] == [
        (envelope.event_id, "z", 41)
    ]
    assert recorder.run("r").record("execution.message").source_seq == 0


def test_flush_lists_what_is_still_in_the_spool(recorder: Recorder, tmp_path: Path) -> None:
    stop_taking(tmp_path)
    events = [recorder.run().record("execution.message") for _ in range(3)]
    with pytest.raises(
        Undelivered, match=r"3 events are not acknowledged yet \(the file `down` is there\); kept in"
    ) as caught:
        recorder.flush(0.05)
    assert caught.value.remaining == tuple(event.event_id for event in events)
    take_again(tmp_path)
    recorder.flush(10)
    assert len(arrived(tmp_path)) == 3


def test_of_very_many_the_first_are_listed(recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "REMAINING_IDS_MAX", 2)
    stop_taking(tmp_path)
    events = [recorder.run().record("execution.message") for _ in range(5)]
    with pytest.raises(Undelivered, match="5 events are not acknowledged yet") as caught:
        recorder.flush(0.05)
    assert caught.value.remaining == tuple(event.event_id for event in events[:2])
    take_again(tmp_path)


async def test_aflush_leaves_the_loop_running(recorder: Recorder, tmp_path: Path) -> None:
    stop_taking(tmp_path)
    recorder.run().record("execution.message")
    flushing = asyncio.create_task(recorder.aflush(10))
    await asyncio.sleep(0.01)
    assert not flushing.done()
    take_again(tmp_path)
    await flushing
    assert len(arrived(tmp_path)) == 1


def fill(recorder: Recorder) -> None:
    run = recorder.run("fill")
    while recorder.status().spool_bytes < 100_000:
        run.record("execution.message", {"x": "y" * 30_000})


def test_policy_raise_says_so_and_uses_no_number(tmp_path: Path) -> None:
    stop_taking(tmp_path)
    recorder = recorder_to(tmp_path, bytes_max=100_000, policy="raise", flush_at_exit_s=0)
    fill(recorder)
    run = recorder.run("r")
    with pytest.raises(SpoolFull, match="is full: spool_bytes_max is 100000 bytes"):
        run.record("execution.message")
    take_again(tmp_path)
    recorder.flush(10)
    assert run.record("execution.message").source_seq == 0
    recorder.close()
    assert recorder.status().dropped == 0


def test_policy_block_then_drop_counts_and_leaves_a_gap(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    stop_taking(tmp_path)
    recorder = recorder_to(tmp_path, bytes_max=100_000, policy="block_then_drop", block_s=0.05)
    fill(recorder)
    run = recorder.run("r")
    with caplog.at_level(logging.ERROR, "chatsnapshot.producer"):
        assert [run.record("execution.message").source_seq for _ in range(2)] == [0, 1]
    assert recorder.status().dropped == 2
    assert [record.message.split(":")[0] for record in caplog.records] == ["events are dropped, their runs show a gap"]
    take_again(tmp_path)
    recorder.flush(10)
    run.record("execution.message")
    recorder.close()
    assert [event["seq"] for event in arrived(tmp_path) if event["run"] == "r"] == [2]


async def test_policy_block_then_drop_never_stops_an_event_loop(tmp_path: Path) -> None:
    stop_taking(tmp_path)
    recorder = recorder_to(tmp_path, bytes_max=100_000, block_s=3_600, flush_at_exit_s=0)
    await asyncio.to_thread(fill, recorder)
    recorder.run("r").record("execution.message")
    assert recorder.status().dropped == 1
    recorder.close()


def test_policy_block_waits_for_room(tmp_path: Path) -> None:
    stop_taking(tmp_path)
    recorder = recorder_to(tmp_path, bytes_max=100_000, policy="block")
    fill(recorder)
    run, entered, numbers = recorder.run("r"), threading.Event(), []

    def work() -> None:
        entered.set()
        numbers.append(run.record("execution.message").source_seq)

    thread = threading.Thread(target=work)
    thread.start()
    entered.wait()
    thread.join(0.1)
    assert thread.is_alive()
    assert recorder.status().dropped == 0
    take_again(tmp_path)
    thread.join(20)
    assert numbers == [0]
    recorder.close()
    assert arrived(tmp_path)[-1]["run"] == "r"


def test_a_full_disk_is_a_full_spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = recorder_to(tmp_path, policy="raise")
    run = recorder.run("r")
    run.record("execution.message")

    def full_disk(file: int, data: bytes, offset: int) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full_disk)
        with pytest.raises(SpoolFull, match=r"the spool in .* cannot be written: .*No space left on device"):
            run.record("execution.message")
    wait_until(lambda: record_number(recorder) == 1)
    recorder.close()
    assert [event["seq"] for event in arrived(tmp_path)] == [0, 1]


def record_number(recorder: Recorder) -> int | None:
    try:
        return recorder.run("r").record("execution.message").source_seq
    except SpoolFull:
        return None


def test_a_closed_recorder_says_so(tmp_path: Path) -> None:
    recorder = recorder_to(tmp_path)
    recorder.run().record("execution.message")
    recorder.close()
    recorder.close()
    with pytest.raises(FatalError, match="the recorder is closed"):
        recorder.run().record("execution.message")
    assert list((tmp_path / "spool").iterdir()) == []


def test_what_is_left_at_close_is_said_in_one_line_and_sent_by_the_next_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stop_taking(tmp_path)
    first = recorder_to(tmp_path)
    sent = [first.run("r").record("execution.message").event_id for _ in range(2)]
    wait_until(lambda: first.status().last_error is not None)
    caplog.clear()
    first.close(0.05)
    path = first.status().spool
    assert [record.message for record in caplog.records] == [
        f"2 events are not acknowledged yet (the file `down` is there); kept in {path} and sent at the next start"
    ]
    take_again(tmp_path)
    second = recorder_to(tmp_path)
    second.adopt()
    second.flush(10)
    assert second.status().adopted == 1
    assert [event["id"] for event in arrived(tmp_path)] == sent
    second.close()


def test_the_spool_of_another_destination_is_left_alone(tmp_path: Path) -> None:
    stop_taking(tmp_path)
    other = recorder_to(tmp_path, name="other", flush_at_exit_s=0)
    other.run("r").record("execution.message")
    other.close()
    take_again(tmp_path)
    with recorder_to(tmp_path) as recorder:
        recorder.adopt()
        recorder.run("mine").record("execution.message")
    assert [event["run"] for event in arrived(tmp_path)] == ["mine"]


def test_the_first_event_logs_where_it_goes_and_trouble_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stop_taking(tmp_path)
    with caplog.at_level(logging.INFO, "chatsnapshot.producer"):
        recorder = recorder_to(tmp_path)
        run = recorder.run("r")
        run.record("execution.message")
        run.record("execution.message")
        wait_until(lambda: recorder.status().sent >= 4)  # several attempts
        take_again(tmp_path)
        recorder.close()
    assert [record.message for record in caplog.records] == [
        f"recording to the file in {tmp_path}; this run: chatsnapshot show r",
        f"events for the file in {tmp_path} wait in the spool: the file `down` is there",
        f"the file in {tmp_path} takes events again",
    ]


def test_a_refused_event_is_kept_and_does_not_stop_the_others(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recorder = recorder_to(tmp_path)
    bad = str(uuid4())
    (tmp_path / "refused").write_text(bad)
    run = recorder.run("r")
    run.record("execution.message")
    run.record("execution.message", {"kept": 1}, event_id=bad)
    run.record("execution.message")
    recorder.close()
    assert [event["seq"] for event in arrived(tmp_path)] == [0, 2]
    assert (recorder.status().rejected, recorder.status().acknowledged) == (1, 2)
    kept, reasons = sorted((tmp_path / "spool" / "rejected").iterdir())
    assert bad in kept.read_text()
    assert "payload: not to our taste" in reasons.read_text()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert f"event {bad} was refused: payload: not to our taste; kept in {kept}" in caplog.text


def test_a_damaged_spool_is_sent_past_the_damage_which_is_kept_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stop_taking(tmp_path)
    first = recorder_to(tmp_path, flush_at_exit_s=0)
    for name in ("one", "two", "three"):
        first.run(name).record("execution.message")
    first.close()
    path = first.status().spool
    assert path is not None
    segment = path / "000001.events"
    segment.write_bytes(segment.read_bytes().replace(b"two", b"2wo"))
    take_again(tmp_path)
    with recorder_to(tmp_path) as second:
        second.adopt()
    assert [event["run"] for event in arrived(tmp_path)] == ["one", "three"]
    (kept,) = (tmp_path / "spool" / "rejected").iterdir()
    assert b"2wo" in kept.read_bytes()
    assert second.status().damages == 1
    assert f"what was recorded there is lost, kept in {kept}" in caplog.text


def test_the_bytes_on_disk_are_the_envelope_that_was_returned(recorder: Recorder, tmp_path: Path) -> None:
    stop_taking(tmp_path)
    envelope = recorder.run("r").record("execution.message", {"content": "x"})
    path = recorder.status().spool
    assert path is not None
    assert encode_envelope(envelope) in (path / "000001.events").read_bytes()
    take_again(tmp_path)
