import json
import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chatsnapshot_producers.blobs import BLOB_BYTES_MAX, FsspecBlobStore
from chatsnapshot_producers.offloading import envelope_from_large_json, offload
from chatsnapshot_producers.recorder import Recorder
from chatsnapshot_producers.spool_limits import SpoolLimits
from chatsnapshot_schemas.codec import decode_envelope, encode_envelope
from chatsnapshot_schemas.envelope import EventEnvelope, PayloadRef, Source
from chatsnapshot_schemas.errors import InvalidEvent, Undelivered
from chatsnapshot_schemas.json_form import envelope_from_json, envelope_to_json
from chatsnapshot_schemas.payload_json import PAYLOAD_BYTES_MAX
from chatsnapshot_schemas.reasons import Reason
from tests.unit.producers.line_transport import arrived, destination, stop_taking, take_again, wait_until

LARGE = {"role": "user", "content": "é" * 400_000}
TEXT = json.dumps(LARGE, ensure_ascii=False, separators=(",", ":"))


@pytest.fixture
def store(tmp_path: Path) -> FsspecBlobStore:
    return FsspecBlobStore(str(tmp_path / "disk" / "blobs"))


def recorder_with(store: FsspecBlobStore, folder: Path, **limits: Any) -> Recorder:
    where = replace(destination(folder), blobs=store)
    return Recorder(where, SpoolLimits(root=folder / "spool", **limits), service="tests", flush_at_exit_s=0)


@pytest.fixture
def recorder(store: FsspecBlobStore, tmp_path: Path) -> Iterator[Recorder]:
    with recorder_with(store, tmp_path) as made:
        yield made


def ids(folder: Path) -> list[str]:
    return [event["id"] for event in arrived(folder)]


def take_storage_away(folder: Path) -> None:
    (folder / "disk").touch()


def bring_storage_back(folder: Path) -> None:
    (folder / "disk").unlink()


def ref_of(envelope: EventEnvelope) -> PayloadRef:
    assert envelope.payload_ref is not None
    return envelope.payload_ref


def test_a_large_payload_is_a_blob_when_its_event_arrives(
    recorder: Recorder, store: FsspecBlobStore, tmp_path: Path
) -> None:
    run = recorder.run("r")
    events = [run.record("execution.message", payload) for payload in ({"n": 0}, LARGE, {"n": 2})]
    large = events[1]
    assert len(large.payload) < 10_000
    assert json.loads(large.payload)["truncated"] == ["$.content"]
    recorder.flush(20)
    assert ids(tmp_path) == [event.event_id for event in events]
    assert [event["seq"] for event in arrived(tmp_path)] == [0, 1, 2]
    assert store.get(ref_of(large)) == TEXT.encode()
    assert recorder.status().spool_bytes == 0


def test_the_largest_payload_of_the_cap_stays_in_the_event(recorder: Recorder) -> None:
    text = '{"a":"' + "x" * (PAYLOAD_BYTES_MAX - 8) + '"}'
    at_cap, above = (recorder.run("r").record("execution.message", each) for each in (text, text + " "))
    assert (at_cap.payload, at_cap.payload_ref) == (text, None)
    assert ref_of(above).bytes == PAYLOAD_BYTES_MAX + 1
    recorder.flush(20)


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ('{"a":"' + "x" * BLOB_BYTES_MAX + '"}', r"at most 67108864 \(64 MiB\), in blob storage too"),
        ("[" + "1," * 200_000 + "1]", "a JSON object is needed"),
        ('{"a":"' + "x" * 300_000, "not JSON"),
        ('{"a":"\ud800' + "x" * 300_000 + '"}', "no lone surrogates"),
        ('{"a":' + "[" * 70 + '"' + "x" * 300_000 + '"' + "]" * 70 + "}", "nested deeper than 64"),
    ],
    ids=["too large", "no object", "no json", "no text", "too deep"],
)
def test_what_is_no_payload_is_refused_before_a_number_is_used(recorder: Recorder, payload: str, said: str) -> None:
    with pytest.raises(InvalidEvent, match=said):
        recorder.run("r").record("execution.message", payload)
    assert recorder.run("r").record("execution.message").source_seq == 0


def test_storage_that_is_away_holds_back_what_is_behind_and_nothing_before(
    recorder: Recorder, store: FsspecBlobStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    take_storage_away(tmp_path)
    stop_taking(tmp_path)
    run = recorder.run("r")
    events = [run.record("execution.message", payload) for payload in ({"n": 0}, LARGE, {"n": 2}, LARGE, {"n": 4})]
    take_again(tmp_path)
    wait_until(lambda: ids(tmp_path) == [events[0].event_id])
    with pytest.raises(Undelivered, match=r"4 events are not acknowledged yet \(blob storage .*Not a directory"):
        recorder.flush(0.5)
    assert "wait in the spool" in caplog.text
    assert ids(tmp_path) == [events[0].event_id]
    bring_storage_back(tmp_path)
    recorder.flush(20)
    assert ids(tmp_path) == [event.event_id for event in events]
    assert store.get(ref_of(events[3])) == TEXT.encode()


def test_the_next_process_stores_what_a_dead_one_left(store: FsspecBlobStore, tmp_path: Path) -> None:
    take_storage_away(tmp_path)
    left = recorder_with(store, tmp_path)
    events = [left.run("r").record("execution.message", payload) for payload in (LARGE, {"n": 1})]
    left.close(0)
    bring_storage_back(tmp_path)
    elsewhere = FsspecBlobStore(str(tmp_path / "other blobs"))
    with recorder_with(elsewhere, tmp_path) as later:
        later.adopt()
        later.flush(20)
        assert later.status().adopted == 1
    assert ids(tmp_path) == [event.event_id for event in events]
    # by its digest in the storage of whoever sent it, although the event names the first one
    assert elsewhere.get(ref_of(events[0])) == TEXT.encode()
    assert not [path for path in (tmp_path / "spool").iterdir() if path.is_dir()]


def test_the_spool_counts_the_whole_payload(store: FsspecBlobStore, tmp_path: Path) -> None:
    take_storage_away(tmp_path)
    with recorder_with(store, tmp_path, bytes_max=1_000_000, policy="block_then_drop", block_s=0) as recorder:
        run = recorder.run("r")
        for _ in range(3):
            run.record("execution.message", LARGE)
        status = recorder.status()
        assert (status.dropped, status.spooled) == (1, 2)  # the last one that fits may reach over the bound
        assert status.spool_bytes > 2 * len(TEXT.encode())
        bring_storage_back(tmp_path)
        recorder.flush(20)


def test_a_refused_event_is_kept_with_its_whole_payload_and_can_be_imported(
    recorder: Recorder, store: FsspecBlobStore, tmp_path: Path
) -> None:
    take_storage_away(tmp_path)
    event = recorder.run("r").record("execution.message", LARGE)
    (tmp_path / "refused").write_text(event.event_id)
    bring_storage_back(tmp_path)
    recorder.flush(20)
    (kept,) = (tmp_path / "spool" / "rejected").glob("*Z-*[0-9a-f].ndjson")
    line = kept.read_text()
    assert TEXT in line
    (tmp_path / "refused").unlink()
    assert recorder.forward_json(line) == event
    recorder.flush(20)
    assert ids(tmp_path) == [event.event_id]


class Refusing(FsspecBlobStore):
    """A storage that will never take it, as a server with a lower limit."""

    def put(self, content: bytes) -> PayloadRef:
        raise InvalidEvent("payload", "too large for us", Reason.TOO_LARGE)


def test_what_the_storage_refuses_for_good_is_kept_and_the_rest_goes_on(tmp_path: Path) -> None:
    with recorder_with(Refusing(str(tmp_path / "blobs")), tmp_path) as recorder:
        run = recorder.run("r")
        small = [run.record("execution.message", payload).event_id for payload in ({}, LARGE, {})][::2]
        recorder.flush(20)
        assert ids(tmp_path) == small
        assert recorder.status().rejected == 1
    (kept,) = (tmp_path / "spool" / "rejected").glob("*Z-*[0-9a-f].ndjson")
    assert TEXT in kept.read_text()


def test_a_forked_child_stores_its_own(recorder: Recorder, store: FsspecBlobStore, tmp_path: Path) -> None:
    recorder.run("r").record("execution.message", LARGE)
    recorder.flush(20)
    pid = os.fork()
    if pid == 0:
        recorder.run("r").record("execution.message", {**LARGE, "role": "assistant"})
        recorder.flush(20)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert [(event["seq"], event["pid"] == pid) for event in arrived(tmp_path)] == [(0, False), (0, True)]
    assert len([path for path in (tmp_path / "disk" / "blobs").glob("??/*") if path.is_file()]) == 2


def test_where_payloads_go_is_said_once(recorder: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(2):
        recorder.run("r").record("execution.message", LARGE)
    said = [message for message in caplog.messages if message.startswith("payloads above")]
    assert len(said) == 1
    assert said[0].endswith("/disk/blobs")


def line_of(payload: str, **more: Any) -> str:
    members = {
        "event_id": "01980000-0000-7000-8000-000000000001",
        "event_type": "execution.message",
        "timestamp": "2026-01-01T00:00:00Z",
        "source": {"origin": "agent", "runtime": "ag2"},
        "correlation_id": "r",
        "causation_id": None,
        **more,
    }
    return json.dumps(members)[:-1] + f',"payload":{payload}}}'


def test_an_envelope_in_json_with_a_large_payload(store: FsspecBlobStore) -> None:
    with pytest.raises(InvalidEvent, match="payload: "):
        envelope_from_json(line_of(TEXT))
    read = envelope_from_large_json(line_of(TEXT), store.uri)
    assert read.content == TEXT.encode()
    assert store.size(ref_of(read.envelope).sha256) is None  # nothing is stored by reading
    assert decode_envelope(encode_envelope(read.envelope)) == read.envelope
    again = envelope_from_large_json(envelope_to_json(read.envelope), store.uri)
    assert (again.envelope, again.content) == (read.envelope, b"")
    small = envelope_from_large_json(line_of('{ "a" : 1 }'), store.uri)
    assert (small.envelope.payload, small.content) == ('{ "a" : 1 }', b"")


def test_a_large_payload_beside_a_reference_is_refused(store: FsspecBlobStore) -> None:
    ref = {"uri": "x", "sha256": "ab" * 32, "bytes": 5}
    with pytest.raises(InvalidEvent, match="payload: "):
        envelope_from_large_json(line_of(TEXT, payload_ref=ref), store.uri)


def test_offloading_an_envelope(store: FsspecBlobStore) -> None:
    small = EventEnvelope(
        event_id="01980000-0000-7000-8000-000000000001",
        correlation_id="r",
        event_type="execution.message",
        timestamp=envelope_from_json(line_of("{}")).timestamp,
        source=Source("agent"),
    )
    assert offload(small, store) is small
    unchecked = EventEnvelope.from_plain({**small.to_plain(), "payload": TEXT})
    made = offload(unchecked, store)
    assert store.get(ref_of(made)) == TEXT.encode()
    assert made == replace(small, payload=made.payload, payload_ref=made.payload_ref)
