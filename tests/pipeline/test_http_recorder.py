"""A Recorder that sends by HTTP: the same spool, the same promises."""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections import defaultdict
from pathlib import Path

import httpx
import pytest

from chatsnapshot import Recorder
from chatsnapshot.cli.app import main
from chatsnapshot_schemas.errors import ConfigurationError, Undelivered
from chatsnapshot_schemas.json_form import envelope_from_json
from tests.fixtures.whole_stack import WholeStack
from tests.pipeline.events_topic import WITHIN_S, EventsTopic, seven_fields
from tests.pipeline.http_server import HttpServer
from tests.pipeline.test_record_to_sql import count, reader, wait_until
from tests.pipeline.test_recorder import child


@pytest.fixture
def topic(kafka_bootstrap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EventsTopic:
    monkeypatch.setenv("CHATSNAPSHOT_DATA_DIR", str(tmp_path / "recorder"))
    return EventsTopic(kafka_bootstrap).create()


def source_numbers(topic: EventsTopic) -> list[int | None]:
    """In the order of the topic; what was sent twice counts where it stands first."""
    first = {envelope.event_id: envelope.source_seq for envelope in reversed(topic.envelopes())}
    return [first[event_id] for event_id in dict.fromkeys(each.event_id for each in topic.envelopes())]


def test_events_come_in_order_byte_for_byte(topic: EventsTopic, tmp_path: Path) -> None:
    payloads = [' {"n" : 1.0} ', '{"text":"line\\n","emoji":"\\ud83d\\ude00"}\n', '{\r\n"é":[]}', "{}"]
    with HttpServer(tmp_path, **topic.settings()) as server, Recorder.connect(server.url, service="web") as recorder:
        run = recorder.run("in-order")
        cause = run.record("execution.message", payloads[0], headers={"traceparent": "00-1"}, subject_id="u-1")
        events = [cause, *(run.record("execution.message", payload, cause=cause) for payload in payloads[1:])]
        events += [run.record("execution.message", {"n": number}) for number in range(5_000)]
        recorder.flush(WITHIN_S)
        assert recorder.status().connected
    assert topic.envelopes() == events


def test_nothing_is_lost_when_the_server_is_killed_again_and_again(topic: EventsTopic, tmp_path: Path) -> None:
    with HttpServer(tmp_path, **topic.settings()) as server:
        recorder = Recorder.connect(server.url)
        run = recorder.run("killed")
        for number in range(4_000):
            run.record("execution.message", {"n": number})
            if number % 2_000 == 1_000:
                server.kill()
                server.start()
        recorder.flush(WITHIN_S)
        recorder.close()
    assert source_numbers(topic) == list(range(4_000))


def test_what_the_server_refuses_is_kept_and_the_rest_goes_on(
    topic: EventsTopic, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with HttpServer(tmp_path, **topic.settings(TENANT="acme")) as server:
        recorder = Recorder.connect(server.url, tenant="acme")
        run = recorder.run("mixed")
        for number in range(10):
            if number in (3, 4):
                recorder.forward(envelope_from_json(seven_fields(run="mixed", tenant_id="other")))
            run.record("execution.message", {"n": number})
        recorder.flush(WITHIN_S)
        recorder.close()
    assert (recorder.status().rejected, recorder.status().spooled) == (2, 0)
    assert source_numbers(topic) == list(range(10))
    (kept,) = (tmp_path / "recorder" / "spool" / "rejected").glob("*Z-*[0-9a-f].ndjson")
    assert {envelope_from_json(line).tenant_id for line in kept.read_text().splitlines()} == {"other"}
    assert "(wrong_tenant)" in caplog.text


@pytest.mark.parametrize("wrong", ["key", "address"])
def test_a_wrong_key_or_address_keeps_everything_in_the_spool(
    topic: EventsTopic, tmp_path: Path, caplog: pytest.LogCaptureFixture, wrong: str
) -> None:
    with HttpServer(tmp_path, **topic.settings(API_KEY="s3cret")) as server:
        url, key = (server.url, "wrong") if wrong == "key" else (f"{server.url}/elsewhere", "s3cret")
        recorder = Recorder.connect(url, api_key=key)
        recorder.run("kept").record("execution.message")
        with pytest.raises(Undelivered, match="refuses the key: 401" if wrong == "key" else "no ChatSnapshot ingest"):
            recorder.flush(5)
        recorder.close(0)
        assert recorder.status().spooled == 1
        assert [record.levelname for record in caplog.records].count("WARNING") <= 2  # once, and at the end
        if wrong == "key":
            with Recorder.connect(url, api_key="s3cret") as again:
                again.flush(WITHIN_S)
    assert len(topic.envelopes()) == (1 if wrong == "key" else 0)


def test_a_fork_with_a_live_connection_ends_well_on_both_sides(
    topic: EventsTopic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HttpServer(tmp_path, **topic.settings()) as server:
        monkeypatch.setenv("CHATSNAPSHOT_URL", server.url)
        assert child("fork").wait(WITHIN_S) == 0
    by_instance: dict[str | None, list[tuple[int | None, str]]] = defaultdict(list)
    for envelope in topic.envelopes():
        by_instance[envelope.source.instance].append((envelope.source_seq, json.loads(envelope.payload)["by"]))
    assert sorted(by_instance.values()) == [[(0, "child")], [(0, "parent"), (1, "parent")]]


def test_a_script_that_ends_at_once_is_delivered(topic: EventsTopic, tmp_path: Path) -> None:
    """The interpreter is ending when the first connection is made, and `localhost` has to be looked up."""
    with HttpServer(tmp_path, **topic.settings()) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        script = (
            f"from chatsnapshot import Recorder; Recorder.connect({url!r}).run('short').record('execution.message')"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert [envelope.correlation_id for envelope in topic.envelopes()] == ["short"]


def test_record_and_import_by_command_line(
    topic: EventsTopic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "events.ndjson"
    file.write_text("\n".join([seven_fields('{ "n" : 1 }'), "no json", seven_fields()]))
    with HttpServer(tmp_path, **topic.settings(API_KEY="s3cret")) as server:
        monkeypatch.setenv("CHATSNAPSHOT_URL", server.url)
        monkeypatch.setenv("CHATSNAPSHOT_API_KEY", "s3cret")
        assert main(["record", "user_message", '{"content":"hello"}', "--run", "r"]) == 0
        event_id = capsys.readouterr().out.strip()
        assert main(["import", str(file)]) == 1
        assert "2 events acknowledged, 1 lines refused" in capsys.readouterr().out
    assert {envelope.event_id for envelope in topic.envelopes()} > {event_id}
    assert len(topic.envelopes()) == 3


def test_a_key_without_http_is_not_silently_ignored() -> None:
    with pytest.raises(ConfigurationError, match="api_key belongs to http"):
        Recorder.connect("kafka://h:1", api_key="k")


def test_the_whole_path_survives_a_killed_server(
    whole_stack: WholeStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHATSNAPSHOT_DATA_DIR", str(tmp_path))
    url = whole_stack.json("status")["endpoints"]["http"]["url"]
    with Recorder.connect(url, service="web") as recorder:
        run = recorder.run(f"http-{uuid.uuid4().hex[:6]}", workflow="w")
        with run.lifecycle():
            for number in range(3_000):
                run.record("execution.message", {"role": "user", "content": f"message {number}"})
                if number in (500, 2_000):
                    recorder.flush(WITHIN_S)
                    os.kill(whole_stack.processes()["http"], signal.SIGKILL)
            run.record("execution.message", {"role": "user", "content": "x" * 400_000})
        recorder.flush(WITHIN_S)
    wait_until(lambda: count(whole_stack, run.id) == 3_003)
    report = whole_stack.json("verify", run.id)
    assert report["verdict"] == "intact and complete"
    (rows,) = [whole_stack.run("sql", f"SELECT count() AS n FROM ledger WHERE correlation_id = '{run.id}'", "--json")]
    assert json.loads(rows.stdout) == {"n": 3_003}
    assert sum(1 for _ in reader(whole_stack).run(run.id).events()) == 3_003
    assert httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
