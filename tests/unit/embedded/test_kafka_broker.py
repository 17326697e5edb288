import base64
from pathlib import Path

import pytest

from chatsnapshot.embedded.kafka_broker import KafkaNode, java_environment, new_cluster_id
from chatsnapshot_schemas.errors import StackFailed


def properties(folder: Path) -> dict[str, str]:
    lines = (folder / "server.properties").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_cluster_ids_are_random_and_of_kafkas_form() -> None:
    ids = {new_cluster_id() for _ in range(500)}
    assert len(ids) == 500
    for cluster_id in ids:
        assert len(base64.urlsafe_b64decode(cluster_id + "==")) == 16
        assert not cluster_id.startswith("-")


def test_the_node_listens_on_loopback_and_keeps_offsets_and_records(tmp_path: Path) -> None:
    node = KafkaNode(tmp_path, 1111, 2222, java=Path("/no/java"), jars=tmp_path)
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "meta.properties").touch()  # has its identity already
    node.prepare()
    found = properties(tmp_path)
    assert found["listeners"] == "PLAINTEXT://127.0.0.1:1111,CONTROLLER://127.0.0.1:2222"
    assert found["auto.create.topics.enable"] == "false"
    assert found["log.retention.ms"] == "-1"
    assert int(found["offsets.retention.minutes"]) > 365 * 24 * 60
    assert found["transaction.max.timeout.ms"] == "60000"
    assert str(tmp_path) not in (tmp_path / "server.properties").read_text()


def test_more_properties_stand_behind_the_usual_ones(tmp_path: Path) -> None:
    more = ("listeners=SASL_SSL://127.0.0.1:1111", "ssl.keystore.type=PEM")
    node = KafkaNode(tmp_path, 1111, 2222, java=Path("/no/java"), jars=tmp_path, more_properties=more)
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "meta.properties").touch()
    node.prepare()
    found = properties(tmp_path)  # as Kafka does, the last of a name counts
    assert found["listeners"] == "SASL_SSL://127.0.0.1:1111"
    assert found["ssl.keystore.type"] == "PEM"
    assert found["auto.create.topics.enable"] == "false"


def test_a_set_up_that_fails_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(StackFailed, match="could not be set up") as failure:
        KafkaNode(tmp_path, 1, 2, java=Path("/no/java"), jars=tmp_path).prepare()
    assert "\n" not in str(failure.value)


def test_a_persons_java_settings_do_not_reach_the_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLASSPATH", "/elsewhere")
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Dnoise=1")
    assert not {"CLASSPATH", "JAVA_TOOL_OPTIONS"} & set(java_environment())
