"""`status --completeness` on the real stack: what producers did wrong or lost is named, the rest is complete."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from chatsnapshot import Recorder
from chatsnapshot.connecting import kafka_connection
from chatsnapshot_schemas.source_reports import RunReport, encode_report
from tests.fixtures.whole_stack import WholeStack
from tests.pipeline.broker_gate import BrokerGate
from tests.pipeline.test_record_to_sql import wait_until

KILLED_CHILD = """
import sys
from chatsnapshot import Recorder
recorder = Recorder.connect(service="killed")
for number in range(30):
    event = recorder.run(sys.argv[1]).record("execution.message", {"n": number})
print(event.source.instance, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def run_id() -> str:
    return f"complete-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def broker(whole_stack: WholeStack) -> str:
    return kafka_connection(whole_stack.settings).bootstrap_servers


@pytest.fixture(autouse=True)
def _own_spools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATSNAPSHOT_DATA_DIR", str(tmp_path / "producer"))


def look(stack: WholeStack, run: str) -> dict[str, Any]:
    found: dict[str, Any] = stack.json("status", "--completeness", "--run", run, "--wait", "60")
    return found


def look_until(stack: WholeStack, run: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """What is said of the run, once the condition holds."""
    seen: list[dict[str, Any]] = []

    def holds() -> bool:
        seen.append(look(stack, run))
        return condition(seen[-1])

    wait_until(holds)
    return seen[-1]


def http_url(stack: WholeStack) -> str:
    return str(stack.json("status")["endpoints"]["http"]["url"])


@pytest.mark.parametrize("way", ["kafka", "http"])
def test_what_a_recorder_sent_is_complete(whole_stack: WholeStack, broker: str, run_id: str, way: str) -> None:
    url = f"kafka://{broker}" if way == "kafka" else http_url(whole_stack)
    with Recorder.connect(url, service="shop") as recorder:
        run = recorder.run(run_id)
        for number in range(25):
            run.record("execution.message", {"n": number % 24}, key=f"fact {number % 24}")  # the last is a duplicate
    found = look(whole_stack, run_id)
    assert (found["verdict"], found["exit_code"], found["gaps"]) == ("complete", 0, [])
    (row,) = found["runs"]
    assert row["complete"]
    assert {name: row[name] for name in ("numbered", "acknowledged", "recorded", "used", "projected", "missing")} == {
        "numbered": 25,
        "acknowledged": 25,
        "recorded": 24,
        "used": 1,
        "projected": 24,
        "missing": 0,
    }
    (instance,) = found["instances"]
    assert (instance["service"], instance["pid"], instance["closed"]) == ("shop", os.getpid(), True)
    shown = whole_stack.run("status", "--completeness", "--run", run_id)
    assert shown.returncode == 0
    assert shown.stdout.startswith("complete\n")
    over_http = httpx.get(f"{http_url(whole_stack)}/v1/status/completeness", params={"run": run_id}, trust_env=False)
    assert (over_http.status_code, over_http.json()["verdict"]) == (200, "complete")


def test_dropped_events_are_named(
    whole_stack: WholeStack, broker: str, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHATSNAPSHOT_SPOOL_BYTES_MAX", str(1024 * 1024))
    monkeypatch.setenv("CHATSNAPSHOT_SPOOL_BLOCK_S", "0")
    with BrokerGate(broker) as gate:
        recorder = Recorder.connect(f"kafka://{gate.address}", service="dropper")
        run = recorder.run(run_id)
        while recorder.status().dropped < 3:
            last = run.record("execution.message", {"x": "x" * 100_000}).source_seq
        assert last is not None
        gate.open()
        recorder.flush(60)
        run.record("execution.message", {"after": True})
        recorder.flush(60)
        recorder.close()
    found = look_until(whole_stack, run_id, lambda said: said["figures"]["held"] == 0)
    assert found["exit_code"] == 3
    gaps = found["gaps"]  # the spool may have had room again in between
    assert {gap["kind"] for gap in gaps} == {"dropped"}
    assert (gaps[-1]["last"], sum(gap["missing"] for gap in gaps)) == (last, 3)
    assert "dropped by the producer:" in whole_stack.run("status", "--completeness", "--run", run_id).stdout


def test_a_spool_left_by_a_killed_producer_is_complete_once_it_is_sent(
    whole_stack: WholeStack, broker: str, run_id: str, tmp_path: Path
) -> None:
    with BrokerGate(broker) as gate:
        url = f"kafka://{gate.address}"
        environment = {**os.environ, "CHATSNAPSHOT_URL": url, "CHATSNAPSHOT_DATA_DIR": str(tmp_path / "killed")}
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED_CHILD, run_id],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        instance = child.stdout.readline().strip()
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert look(whole_stack, run_id)["runs_seen"] == 0, "it never reached the broker: nobody can know of it"
        gate.open()
        sent = subprocess.run(
            [sys.executable, "-m", "chatsnapshot", "spool", "send"], env=environment, capture_output=True, check=False
        )
        assert sent.returncode == 0, sent.stderr
    found = look(whole_stack, run_id)
    (row,) = found["runs"]
    assert (row["instance"], row["reported"], row["complete"]) == (instance, True, True)
    assert (row["numbered"], row["acknowledged"], row["projected"]) == (30, 30, 30)


def test_a_tail_that_was_cut_out_is_named(whole_stack: WholeStack, broker: str, run_id: str) -> None:
    with Recorder.connect(f"kafka://{broker}") as recorder:
        for number in range(10):
            event = recorder.run(run_id).record("execution.message", {"n": number})
    assert event.source.instance is not None
    assert look(whole_stack, run_id)["verdict"] == "complete"
    report = RunReport("default", event.source.instance, run_id, 13, 12, 1)
    answer = httpx.post(
        f"{http_url(whole_stack)}/v1/sources",
        content=encode_report(report),
        headers={"Content-Type": "application/json"},
        trust_env=False,
    )
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1})
    found = look(whole_stack, run_id)
    assert found["exit_code"] == 3
    assert [(gap["kind"], gap["first"], gap["last"]) for gap in found["gaps"]] == [("tail", 10, 11), ("unsent", 12, 12)]
    shown = whole_stack.run("status", "--completeness", "--run", run_id).stdout
    assert "tail: the producer reported 12, 10 recorded: 10..11 missing" in " ".join(shown.split())


def test_a_number_in_quarantine_is_no_gap_but_open(whole_stack: WholeStack, broker: str, run_id: str) -> None:
    with Recorder.connect(f"kafka://{broker}") as recorder:
        run = recorder.run(run_id)
        taken = run.record("execution.message", {"n": 0})
        run.record("execution.message", {"n": "another"}, event_id=taken.event_id)
        run.record("execution.message", {"n": 2})
    found = look_until(whole_stack, run_id, lambda said: said["figures"]["quarantined"] == 1)
    assert (found["gaps"], found["exit_code"]) == ([], 3)
    (row,) = found["runs"]
    assert (row["numbered"], row["recorded"], row["missing"]) == (3, 2, 0)


def test_what_does_not_fit_together_is_refused(whole_stack: WholeStack) -> None:
    refused = whole_stack.run("status", "--run", "x")
    assert refused.returncode != 0
    assert "--run belongs to" in refused.stderr
    refused = whole_stack.run("status", "--completeness", "--tenant", "a", "--all-tenants")
    assert "give one of the two" in refused.stderr


def test_a_broker_without_the_topic_goes_on_recording(kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was not migrated since: one warning, all events."""
    from tests.pipeline.events_topic import EventsTopic

    topic = EventsTopic(kafka_bootstrap).create(takes_reports=False)
    script = (
        "from chatsnapshot import Recorder; import time\n"
        "recorder = Recorder.connect(); run = recorder.run('r')\n"
        "for number in range(8): run.record('execution.message', {'n': number}); recorder.flush(60); time.sleep(1)\n"
    )
    environment = {**os.environ, **{f"CHATSNAPSHOT_{name}": value for name, value in topic.settings().items()}}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert len(topic.envelopes()) == 8
    (warning,) = done.stderr.splitlines()
    assert f"topic {topic.prefix}.sources does not exist; `chatsnapshot migrate` makes it" in warning
