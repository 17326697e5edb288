"""A payload above the cap on the whole stack: recorded, read in SQL as a preview, read back whole, proven, lost."""

import json
import time
import uuid
from pathlib import Path

import httpx
import pytest

from chatsnapshot import Ledger, Recorder
from chatsnapshot.connecting import kafka_connection
from chatsnapshot.embedded.endpoints import read_endpoints
from chatsnapshot.reading import RunHistory
from chatsnapshot.settings import Settings
from chatsnapshot.verification.findings import Kind
from chatsnapshot_schemas.envelope import EventEnvelope, PayloadRef
from chatsnapshot_schemas.errors import BlobMissing
from tests.fixtures.whole_stack import WholeStack
from tests.pipeline.test_record_to_sql import count, wait_until

CONTENT = "A long story. " * 400_000
"""5.6 MB."""
WITHIN_S = 60.0


@pytest.fixture
def broker_url(whole_stack: WholeStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """For a program beside the stack, with a spool of its own and the stack's blob storage."""
    monkeypatch.setenv("CHATSNAPSHOT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CHATSNAPSHOT_BLOB_URL", str(whole_stack.data_dir / "blobs"))
    return f"kafka://{kafka_connection(whole_stack.settings).bootstrap_servers}"


@pytest.fixture
def large(whole_stack: WholeStack, broker_url: str) -> EventEnvelope:
    """A large message between two small ones, in the tables; its content is its own in each test."""
    return recorded_large(whole_stack, broker_url)


def recorded_large(stack: WholeStack, url: str) -> EventEnvelope:
    with Recorder.connect(url, service="blobs") as recorder:
        run = recorder.run(f"large-{uuid.uuid4().hex[:6]}")
        run.record("execution.message", {"role": "user", "content": "tell me"})
        event = run.record("execution.message", {"role": "assistant", "content": f"{run.id}: {CONTENT}"})
        run.record("execution.message", {"role": "user", "content": "thank you"})
        recorder.flush(WITHIN_S)
    wait_until(lambda: count(stack, run.id) == 3)
    return event


def history_of(stack: WholeStack, run: str) -> RunHistory:
    return Ledger.connect(settings=Settings(data_dir=stack.data_dir, blob_url=str(stack.data_dir / "blobs"))).run(run)


def http_url(stack: WholeStack) -> str:
    endpoints = read_endpoints(stack.data_dir)
    assert endpoints is not None
    return endpoints.http.url


def ref_of(event: EventEnvelope) -> PayloadRef:
    assert event.payload_ref is not None
    return event.payload_ref


def blob_file(stack: WholeStack, event: EventEnvelope) -> Path:
    sha256 = ref_of(event).sha256
    return stack.data_dir / "blobs" / sha256[:2] / sha256


def test_it_is_recorded_read_and_proven(whole_stack: WholeStack, large: EventEnvelope) -> None:
    run = large.correlation_id
    history = history_of(whole_stack, run)
    first, second, third = history.events()
    assert second.envelope == large
    assert [json.loads(history.payload(each))["content"][:20] for each in (first, third)] == ["tell me", "thank you"]
    assert json.loads(history.payload(second))["content"] == f"{run}: {CONTENT}"

    query = (
        "SELECT length(payload) < 10000 AS short, JSONExtractString(payload, 'truncated', 1) AS cut, "
        f"payload_ref.bytes AS bytes FROM ledger WHERE correlation_id = '{run}' AND sequence_no = 2"
    )
    shown = whole_stack.run("sql", query, "--json")
    assert json.loads(shown.stdout) == {"short": 1, "cut": "$.content", "bytes": ref_of(large).bytes}, shown.stderr

    done = whole_stack.run("verify", run)
    assert done.returncode == 0, done.stdout
    assert "1 payload read from blob storage" in done.stdout
    assert "shortened" in whole_stack.run("show", run).stdout


def test_the_whole_payload_by_command_line_and_by_http(whole_stack: WholeStack, large: EventEnvelope) -> None:
    run = large.correlation_id
    lines = whole_stack.run("show", run, "--mode", "raw", "--full-payloads").stdout.splitlines()
    records = [json.loads(line) for line in lines]
    assert records[1]["full_payload"]["content"] == f"{run}: {CONTENT}"
    assert "full_payload" not in records[0]

    url = http_url(whole_stack)
    events = httpx.get(f"{url}/v1/runs/{run}/events?mode=raw").json()["events"]
    assert "blob" not in events[0]
    assert httpx.get(f"{url}{events[1]['blob']}").json() == records[1]["full_payload"]


def test_a_program_that_only_knows_an_http_address(
    whole_stack: WholeStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHATSNAPSHOT_DATA_DIR", str(tmp_path))
    event = recorded_large(whole_stack, http_url(whole_stack))
    assert ref_of(event).uri == f"{http_url(whole_stack)}/v1/blobs/{ref_of(event).sha256}"
    assert blob_file(whole_stack, event).stat().st_size == ref_of(event).bytes
    report = history_of(whole_stack, event.correlation_id).verify()
    assert (report.verdict, report.blobs) == ("intact and complete", 1)


def test_a_lost_blob_is_a_finding_and_the_rest_is_readable(whole_stack: WholeStack, large: EventEnvelope) -> None:
    run = large.correlation_id
    file = blob_file(whole_stack, large)
    content = file.read_bytes()
    file.unlink()
    done = whole_stack.run("verify", run, "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["verdict"], report["counts"]) == (3, "intact, but open", {"blob_missing": 1})
    (finding,) = report["findings"]
    assert (finding["sequence_no"], finding["event_id"]) == (2, large.event_id)
    lines = whole_stack.run("show", run, "--mode", "raw", "--full-payloads").stdout.splitlines()
    assert [json.loads(line).get("full_payload_error", {}).get("code") for line in lines] == [
        None,
        "blob_missing",
        None,
    ]
    history = history_of(whole_stack, run)
    with pytest.raises(BlobMissing):
        history.payload(list(history.events())[1])
    file.write_bytes(content)  # the session's other tests verify everything
    assert history.verify().exit_code == 0


def test_a_changed_blob_is_broken(whole_stack: WholeStack, large: EventEnvelope) -> None:
    file = blob_file(whole_stack, large)
    content = file.read_bytes()
    file.write_bytes(content.replace(b"story", b"storm", 1))
    done = whole_stack.run("verify", large.correlation_id, "--json")
    assert (done.returncode, json.loads(done.stdout)["counts"]) == (2, {"blob_changed": 1})
    file.write_bytes(content)


def test_storage_that_is_away_while_recording_loses_nothing(
    whole_stack: WholeStack, broker_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "disk").touch()
    monkeypatch.setenv("CHATSNAPSHOT_BLOB_URL", str(tmp_path / "disk" / "blobs"))
    with Recorder.connect(broker_url, service="blobs") as away:
        run = away.run(f"away-{uuid.uuid4().hex[:6]}")
        for number in range(6):
            run.record("execution.message", {"role": "user", "n": number, "content": CONTENT if number % 2 else "x"})
        deadline = time.monotonic() + WITHIN_S
        while "blob storage" not in (away.status().last_error or ""):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert away.status().spooled >= 5
        (tmp_path / "disk").unlink()
        away.flush(WITHIN_S)
    wait_until(lambda: count(whole_stack, run.id) == 6)
    # verified with the stack's own storage: what lies elsewhere is missing there, and nothing but that
    history = history_of(whole_stack, run.id)
    assert history.verify().counts == {Kind.BLOB_MISSING: 3}
    for blob in (tmp_path / "disk" / "blobs").glob("??/*"):
        kept = whole_stack.data_dir / "blobs" / blob.parent.name / blob.name
        kept.parent.mkdir(exist_ok=True, parents=True)
        blob.rename(kept)
    assert history.verify().verdict == "intact and complete"
