"""A producer with a large payload is killed: while it uploads, or after that and before the broker had the event."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from chatsnapshot.recording import Recorder
from chatsnapshot_producers.blobs import FsspecBlobStore
from tests.pipeline.broker_gate import BrokerGate
from tests.pipeline.events_topic import WITHIN_S, EventsTopic
from tests.pipeline.large_payload_child import LARGE

RUN = "killed"


@pytest.fixture
def topic(kafka_bootstrap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EventsTopic:
    made = EventsTopic(kafka_bootstrap).create()
    for name, value in made.settings(DATA_DIR=tmp_path).items():
        monkeypatch.setenv(f"CHATSNAPSHOT_{name}", str(value))
    return made


@pytest.fixture
def silent_storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A blob server that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(WITHIN_S)
        monkeypatch.setenv("CHATSNAPSHOT_BLOB_URL", f"http://127.0.0.1:{listener.getsockname()[1]}")
        yield listener


def recording(*sizes: str) -> "tuple[subprocess.Popen[str], list[str]]":
    """A child, and the ids of the events that it recorded."""
    command = [sys.executable, "-m", "tests.pipeline.large_payload_child", RUN, *sizes]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    return child, [line.strip() for line in islice(child.stdout, len(sizes))]


def kill(child: "subprocess.Popen[str]") -> None:
    child.kill()
    child.communicate()


def check_all_arrived(topic: EventsTopic, ids: list[str], store: FsspecBlobStore) -> None:
    with Recorder.connect() as later:
        later.flush(WITHIN_S)
        assert later.status().adopted == 1
    envelopes = topic.envelopes()
    assert list(dict.fromkeys(envelope.event_id for envelope in envelopes)) == ids
    assert sorted({envelope.source_seq for envelope in envelopes}, key=str) == list(range(len(ids)))
    large = next(envelope for envelope in envelopes if envelope.payload_ref is not None)
    assert large.payload_ref is not None
    assert json.loads(store.get(large.payload_ref)) == LARGE
    assert json.loads(large.payload)["truncated"] == ["$.content"]


def test_killed_in_the_middle_of_an_upload(
    topic: EventsTopic, silent_storage: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child, ids = recording("small", "large", "small")
    upload, _ = silent_storage.accept()
    with upload:
        upload.settimeout(WITHIN_S)
        assert upload.recv(4_096).startswith(b"PUT /v1/blobs/")  # the rest is never taken
        kill(child)
    # what was recorded before the large one did not wait for it, and nothing overtook it
    assert [envelope.event_id for envelope in topic.envelopes()] == ids[:1]
    monkeypatch.setenv("CHATSNAPSHOT_BLOB_URL", str(tmp_path / "elsewhere"))
    check_all_arrived(topic, ids, FsspecBlobStore(str(tmp_path / "elsewhere")))


def test_killed_between_upload_and_send(topic: EventsTopic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with BrokerGate(topic.kafka.bootstrap_servers) as gate:
        monkeypatch.setenv("CHATSNAPSHOT_KAFKA_BOOTSTRAP_SERVERS", gate.address)
        child, ids = recording("large", "small")
        deadline = time.monotonic() + WITHIN_S
        while not list((tmp_path / "blobs").glob("??/*")):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        kill(child)
        assert topic.envelopes() == []
        gate.open()
        check_all_arrived(topic, ids, FsspecBlobStore(str(tmp_path / "blobs")))
