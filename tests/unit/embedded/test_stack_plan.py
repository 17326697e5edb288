from pathlib import Path

import pytest

from chatsnapshot.embedded import stack_plan
from chatsnapshot.embedded.data_folder import DataFolder
from chatsnapshot.embedded.ports import free_port
from chatsnapshot.embedded.progress import PlainProgress
from chatsnapshot.embedded.roles import StackPlan
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.errors import BrokerUnavailable, ClickHouseUnavailable


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path)


def named_plan(folder: DataFolder, monkeypatch: pytest.MonkeyPatch, **settings: object) -> StackPlan:
    """A plan with both stores named by the environment, as if both answered."""
    monkeypatch.setattr(stack_plan, "broker_answers", lambda _kafka: True)
    monkeypatch.setattr(stack_plan, "clickhouse_answers", lambda _url, _trusted: True)
    named = {"kafka_bootstrap_servers": "broker:9092", "clickhouse_url": "http://house:8123", "http_port": 0}
    return stack_plan.plan_stack(Settings(**(named | settings)), folder, PlainProgress())  # type: ignore[arg-type]


def test_parts_that_the_environment_names_are_not_started(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = named_plan(folder, monkeypatch)
    assert plan.backends == ()
    assert [role.name for role in plan.workers] == ["sequencer", "sink", "http"]
    assert plan.addresses.kafka.bootstrap_servers == "broker:9092"
    assert plan.addresses.clickhouse.url == "http://house:8123"


def test_workers_are_told_where_things_are(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = named_plan(folder, monkeypatch)
    assert plan.setup is not None
    for role in (plan.setup, *plan.workers):
        assert role.command.environment["CHATSNAPSHOT_KAFKA_BOOTSTRAP_SERVERS"] == "broker:9092"
        assert role.command.environment["CHATSNAPSHOT_CLICKHOUSE_URL"] == "http://house:8123"
        assert role.command.environment["CHATSNAPSHOT_DATA_DIR"] == str(folder.path)
        assert role.command.argv[1:4] == ("-P", "-m", "chatsnapshot")
        assert role.command.log.parent == folder.logs


def test_the_embedded_parts_get_no_secrets_meant_for_others(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password in the environment for another broker: the embedded one asks for none, and PLAINTEXT refuses one."""
    monkeypatch.setenv("CHATSNAPSHOT_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("CHATSNAPSHOT_KAFKA_USERNAME", "someone")
    monkeypatch.setenv("CHATSNAPSHOT_KAFKA_PASSWORD", "secret")
    monkeypatch.setattr(stack_plan, "_kafka", lambda *_: None)
    plan = named_plan(folder, monkeypatch, kafka_bootstrap_servers=None)
    for role in plan.workers:
        for name, value in role.command.environment.items():
            if name.startswith("CHATSNAPSHOT_"):
                monkeypatch.setenv(name, value)
        kafka = Settings().kafka()
        assert kafka is not None
        assert (kafka.security_protocol, kafka.username) == ("PLAINTEXT", None)


def test_the_http_address_is_one_that_a_client_can_open(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    assert named_plan(folder, monkeypatch, http_host="0.0.0.0").addresses.http.url.startswith("http://127.0.0.1:")
    assert named_plan(folder, monkeypatch, http_host="::1").addresses.http.url.startswith("http://[::1]:")


def test_the_same_ports_again(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    first = {role.name: role.port for role in named_plan(folder, monkeypatch).workers}
    again = {role.name: role.port for role in named_plan(folder, monkeypatch).workers}
    assert first["sequencer"] == again["sequencer"]
    assert first["sink"] == again["sink"]


def test_a_named_part_that_does_not_answer_is_refused(folder: DataFolder) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    with pytest.raises(BrokerUnavailable, match="CHATSNAPSHOT_KAFKA_BOOTSTRAP_SERVERS"):
        stack_plan.plan_stack(Settings(kafka_bootstrap_servers=nobody), folder, PlainProgress())
    with pytest.raises(ClickHouseUnavailable, match="CHATSNAPSHOT_CLICKHOUSE_URL"):
        stack_plan.plan_stack(Settings(clickhouse_url=f"http://{nobody}"), folder, PlainProgress())
