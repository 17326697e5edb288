import fcntl
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatsnapshot.destinations import destination_of
from chatsnapshot.embedded.endpoints import (
    SUPERVISOR_LOCK,
    ClickHouseEndpoint,
    Endpoints,
    HttpEndpoint,
    KafkaEndpoint,
    write_endpoints,
)
from chatsnapshot.recording import Recorder, script_name
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.errors import ConfigurationError, StackNotRunning


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "KAFKA_BOOTSTRAP_SERVERS", "SERVICE", "TENANT", "SPOOL_DIR", "TOPIC_PREFIX"):
        monkeypatch.delenv(f"CHATSNAPSHOT_{name}", raising=False)
    monkeypatch.delenv("OTEL_SERVICE_NAME", raising=False)
    monkeypatch.setenv("CHATSNAPSHOT_DATA_DIR", str(tmp_path))


@pytest.fixture
def running_stack(tmp_path: Path) -> Iterator[None]:
    write_endpoints(
        tmp_path,
        Endpoints(
            pid=1,
            started_at="2026-01-01T00:00:00Z",
            kafka=KafkaEndpoint(bootstrap_servers="127.0.0.1:7777"),
            clickhouse=ClickHouseEndpoint(url="http://127.0.0.1:7778", database="chatsnapshot"),
            http=HttpEndpoint(url="http://127.0.0.1:7779"),
        ),
    )
    with (tmp_path / SUPERVISOR_LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def where(url: str | None = None) -> str:
    return destination_of(url, Settings(), "tests").where


def test_the_argument_goes_before_the_environment_and_that_before_the_stack(
    running_stack: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert where() == f"the local stack in {tmp_path} (kafka://127.0.0.1:7777, topic chatsnapshot.events)"
    monkeypatch.setenv("CHATSNAPSHOT_KAFKA_BOOTSTRAP_SERVERS", "b:2")
    assert where() == "kafka://b:2, topic chatsnapshot.events"
    monkeypatch.setenv("CHATSNAPSHOT_URL", "kafka://c:3,d:4")
    assert where() == "kafka://c:3,d:4, topic chatsnapshot.events"
    assert where("kafka://e:5/") == "kafka://e:5, topic chatsnapshot.events"


def test_the_stacks_run_link_is_percent_encoded(running_stack: None) -> None:
    link = destination_of(None, Settings(), "tests").run_link("a b/c")
    assert link == "http://127.0.0.1:7779/v1/runs/a%20b%2Fc"


def test_the_same_brokers_in_another_order_are_the_same_destination() -> None:
    first, second = (destination_of(f"kafka://{hosts}", Settings(), "tests") for hosts in ("a:1,b:2", "b:2,a:1"))
    assert first.name == second.name


def test_nowhere_to_record_to_says_the_ways_out() -> None:
    with pytest.raises(StackNotRunning, match=r"chatsnapshot up.*CHATSNAPSHOT_URL"):
        Recorder.connect()


@pytest.mark.parametrize("url", ["sqlite:///f.db", "json:///d", "memory://"])
def test_schemes_that_come_later_say_what_works_now(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"is not built yet; what works: kafka://host:port"):
        Recorder.connect(url)


@pytest.mark.parametrize(
    "url",
    [
        *("h:1", "kafka://", "kafka://h", "kafka://h:x", "kafka://h:99999", "kafka://h:1,,", "amqp://h"),
        *("http://", "https://u:p@h", "http://h:x", "http://h:99999", "http://h/?q=1", "http:h"),
    ],
)
def test_urls_that_cannot_be_are_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"what works: kafka://host:port"):
        Recorder.connect(url)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://H.example:80/", "http://h.example"),
        ("https://h:443/ledger/", "https://h/ledger"),
        ("http://[::1]:8180", "http://[::1]:8180"),
        ("HTTP://127.0.0.1:8180", "http://127.0.0.1:8180"),
    ],
)
def test_one_http_server_is_one_destination_however_it_is_spelled(url: str, name: str) -> None:
    destination = destination_of(url, Settings(), "tests")
    assert (destination.name, destination.where) == (name, name)
    assert destination.run_link("a/b") == f"{name}/v1/runs/a%2Fb"


def test_an_api_key_is_not_silently_ignored() -> None:
    with pytest.raises(ConfigurationError, match="api_key"):
        Recorder.connect("kafka://h:1", api_key="k")


def test_a_spool_folder_that_cannot_be_made_is_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CHATSNAPSHOT_SPOOL_DIR", str(tmp_path / "file" / "spool"))
    with pytest.raises(ConfigurationError, match=r"the spool folder .* cannot be made: Not a directory"):
        Recorder.connect("kafka://h:1")


def test_the_service_comes_from_argument_settings_open_telemetry_or_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/srv/refunds.py"])
    assert Recorder.connect("kafka://h:1").service == "refunds"
    monkeypatch.setenv("OTEL_SERVICE_NAME", "otel")
    assert Recorder.connect("kafka://h:1").service == "otel"
    monkeypatch.setenv("CHATSNAPSHOT_SERVICE", "set")
    assert Recorder.connect("kafka://h:1").service == "set"
    assert Recorder.connect("kafka://h:1", service="given").service == "given"


@pytest.mark.parametrize(
    ("argument", "name"),
    [("/srv/refunds.py", "refunds"), ("/srv/app/__main__.py", "app"), ("-c", "python"), ("", "python")],
)
def test_the_name_of_a_script(argument: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [argument])
    assert script_name() == name


def test_the_tenant_comes_from_argument_or_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Recorder.connect("kafka://h:1").tenant == "default"
    monkeypatch.setenv("CHATSNAPSHOT_TENANT", "acme")
    assert Recorder.connect("kafka://h:1").tenant == "acme"
    assert Recorder.connect("kafka://h:1", tenant="given").tenant == "given"
