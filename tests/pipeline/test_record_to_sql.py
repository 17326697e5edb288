"""The whole path as its user walks it: record, read, prove; on the real stack, through the command line."""

import json
import os
import signal
import time
import uuid
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from confluent_kafka import Producer

from chatsnapshot import Ledger, Recorder
from chatsnapshot.connecting import kafka_connection
from chatsnapshot_schemas.avro_schema import envelope_schema
from chatsnapshot_schemas.codec import encode_envelope
from chatsnapshot_schemas.envelope import Source
from chatsnapshot_schemas.errors import NotFound
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.partitioning import PARTITIONER, message_key
from tests.fixtures.whole_stack import WholeStack
from tests.unit.schemas.strategies import some_envelope

VISIBLE_WITHIN_S = 60


@pytest.fixture(scope="module")
def run_id(whole_stack: WholeStack) -> str:
    broker = kafka_connection(whole_stack.settings).bootstrap_servers
    recorder = Recorder.connect(f"kafka://{broker}", service="refunds")
    run = recorder.run(f"refund/{uuid.uuid4().hex[:6]}", workflow="refund", user="u-17")
    with run.lifecycle():
        asked = run.record("execution.message", {"role": "user", "content": "Where is my money?"})
        with run.caused_by(asked):
            call = {"service": "bank", "operation": "transfer", "phase": "started", "call_id": "c1"}
            run.record("integration.call", call)
            usage = {"input_uncached": 1_200, "output_text": 300, "scope": "call"}
            said = {"role": "assistant", "content": "On its way.\x1b[31m", "agent": "clerk", "model": "demo-model"}
            run.record("execution.message", said | {"provider": "demo", "model_call_id": "m1", "usage": usage})
    recorder.flush(timeout=30)
    recorder.close()
    wait_until(lambda: count(whole_stack, run.id) == 5)
    return run.id


def reader(stack: WholeStack) -> Ledger:
    return Ledger.connect(settings=stack.settings)


def count(stack: WholeStack, run: str) -> int:
    """Events of the run that the ledger table and every view show: an insert reaches them one after the other."""
    history = reader(stack).run(run)
    try:
        shown = history.summary().events
    except NotFound:
        return 0
    items = len({item.sequence_no for item in history.items()})
    return min(shown, items, sum(1 for _ in history.events()))


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + VISIBLE_WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, "not visible in time"
        time.sleep(0.2)


def test_a_person_reads_the_transcript(whole_stack: WholeStack, run_id: str) -> None:
    shown = whole_stack.run("show", run_id)
    assert shown.returncode == 0, shown.stderr
    for text in (run_id, "completed", "u-17", "Where is my money?", "clerk", "On its way."):
        assert text in shown.stdout
    assert "\x1b[31m" not in shown.stdout, "recorded text reached the terminal as a control sequence"
    assert "bank.transfer" not in shown.stdout
    full = whole_stack.run("show", run_id, "--mode", "full", "--graph")
    assert "bank.transfer" in full.stdout
    assert "$0.0024" in full.stdout


def test_machines_get_json_and_documents_get_markdown(whole_stack: WholeStack, run_id: str) -> None:
    shown = whole_stack.json("show", run_id, "--graph")
    assert shown["items"][0]["content_text"] == "Where is my money?"
    assert shown["run"]["status"] == "completed"
    assert {edge["kind"] for edge in shown["edges"]} >= {"cause"}
    markdown = whole_stack.run("show", run_id, "--format", "md").stdout
    assert markdown.startswith(f"# {run_id}\n")
    assert "Where is my money?" in markdown


def test_raw_records_are_the_ledger(whole_stack: WholeStack, run_id: str) -> None:
    lines = whole_stack.run("show", run_id, "--mode", "raw").stdout.splitlines()
    records = [json.loads(line) for line in lines]
    assert [record["sequence_no"] for record in records] == [1, 2, 3, 4, 5]
    for before, record in pairwise(records):
        assert record["prev_hash"] == before["hash"]
    assert [record["cause"] for record in records] == ["root", "linked", "linked", "linked", "linked"]


def test_runs_why_and_sql_answer(whole_stack: WholeStack, run_id: str) -> None:
    assert run_id in [run["correlation_id"] for run in whole_stack.json("runs")]
    why = whole_stack.json("why", run_id, "3")
    assert [step["link"]["sequence_no"] for step in why["causes"]] == [2, 1]
    query = f"SELECT event_type, count() AS n FROM ledger WHERE correlation_id = '{run_id}' GROUP BY 1 ORDER BY 1"
    rows = [json.loads(line) for line in whole_stack.run("sql", query, "--json").stdout.splitlines()]
    assert {"event_type": "execution.message", "n": 2} in rows
    nobody = whole_stack.run("show", "no-such-run")
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert "no run 'no-such-run'" in nobody.stderr


@pytest.mark.parametrize(
    "query",
    [
        "DROP TABLE ledger",
        "INSERT INTO ledger SELECT * FROM ledger",
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "SELECT * FROM system.tables",
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "SET readonly = 0",
    ],
)
def test_people_cannot_write_or_read_files_by_sql(whole_stack: WholeStack, query: str) -> None:
    done = whole_stack.run("sql", query)
    assert done.returncode == 1
    assert done.stderr.startswith("error: query:")


def test_an_honest_run_is_intact_and_complete(whole_stack: WholeStack, run_id: str) -> None:
    done = whole_stack.run("verify", run_id)
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("intact and complete")


def send(stack: WholeStack, key: bytes, *values: bytes) -> None:
    producer = Producer({**kafka_connection(stack.settings).client_config(), "partitioner": PARTITIONER})
    for value in values:
        producer.produce(stack.settings.topics().events, value, key)
    assert producer.flush(30) == 0


def framed(**fields: object) -> bytes:
    topic = "chatsnapshot.events"
    return Framing().prefix(topic, envelope_schema()) + encode_envelope(some_envelope(**fields))


def numbered(run: str, *numbers: int) -> list[bytes]:
    source = Source(origin="agent", service="s", instance="planted-gap")
    return [
        framed(event_id=str(uuid.uuid4()), correlation_id=run, source=source, source_seq=number) for number in numbers
    ]


def test_a_gap_is_held_then_recorded_and_found(whole_stack: WholeStack) -> None:
    run = f"gap-{uuid.uuid4().hex[:6]}"
    send(whole_stack, message_key("default", run), *numbered(run, 0, 2))
    wait_until(lambda: run in [held.correlation_id for held in reader(whole_stack).held()])
    assert "planted-gap" in whole_stack.run("held", "list").stdout
    wait_until(lambda: count(whole_stack, run) == 2)
    found = whole_stack.json("verify", run)
    assert (found["exit_code"], found["counts"]) == (3, {"gap": 1})
    wait_until(lambda: reader(whole_stack).held() == [])


def test_what_cannot_be_recorded_is_in_quarantine_and_the_stream_goes_on(whole_stack: WholeStack) -> None:
    run = f"poison-{uuid.uuid4().hex[:6]}"
    good, key = numbered(run, 0, 1), message_key("default", run)
    send(whole_stack, key, good[0], b"\xc3\x01 not an envelope", good[1])
    wait_until(lambda: count(whole_stack, run) == 2)
    wait_until(lambda: reader(whole_stack).quarantine() != [])
    (row,) = (row for row in whole_stack.json("quarantine", "list") if row["message_key"] == key.hex())
    assert row["reason"] == "unknown_schema"
    shown = whole_stack.run("quarantine", "show", row["id"])
    assert "not an envelo" in shown.stdout
    assert bytes.fromhex(row["original"]) == b"\xc3\x01 not an envelope"
    assert whole_stack.json("verify", run)["counts"] == {"quarantined": 1}


def test_lines_of_the_original_form_are_imported_and_bad_ones_reported(whole_stack: WholeStack, tmp_path: Path) -> None:
    run = f"import-{uuid.uuid4().hex[:6]}"
    line = {
        "event_id": str(uuid.uuid4()),
        "event_type": "system.workflow_started",
        "timestamp": "2026-01-02T03:04:05Z",
        "source": {"origin": "system", "runtime": "none"},
        "correlation_id": run,
        "causation_id": None,
        "payload": {"n": 1.0},
    }
    file = tmp_path / "events.ndjson"
    file.write_text(json.dumps(line) + "\n" + json.dumps(line | {"event_id": "x"}) + "\n")
    done = whole_stack.run("import", str(file))
    assert done.returncode == 1
    assert "events.ndjson:2" in done.stdout + done.stderr
    assert "event_id" in done.stdout + done.stderr
    wait_until(lambda: count(whole_stack, run) == 1)
    (record,) = reader(whole_stack).run(run).events()
    assert record.envelope.payload == '{"n": 1.0}'


def test_killed_workers_come_back_and_nothing_is_lost_or_doubled(whole_stack: WholeStack) -> None:
    runs = [f"kill-{uuid.uuid4().hex[:6]}-{n}" for n in range(4)]
    for part in range(10):
        for run in runs:
            send(whole_stack, message_key("default", run), *numbered(run, *range(part * 100, part * 100 + 100)))
        if part in (2, 6):
            pids = whole_stack.processes()
            os.kill(pids["sequencer"], signal.SIGKILL)
            os.kill(pids["sink"], signal.SIGKILL)
    wait_until(lambda: all(count(whole_stack, run) == 1_000 for run in runs))
    for run in runs:
        assert whole_stack.json("verify", run)["verdict"] == "intact and complete"


def test_status_tells_where_everything_is(whole_stack: WholeStack, run_id: str) -> None:
    status = whole_stack.json("status")
    assert {process["role"] for process in status["processes"]} >= {"kafka", "clickhouse", "sequencer", "sink", "http"}
    for process in status["processes"]:
        assert process["pid"] > 0
        assert process["memory_bytes"] > 0
    everything = whole_stack.json("verify", "--all")
    assert everything["intact"] is True
