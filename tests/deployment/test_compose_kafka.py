"""Kafka starts with the compose file's environment: through the image's own program, which is in Kafka's jars."""

import os
import subprocess
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from chatsnapshot.embedded.kafka_broker import java_environment
from chatsnapshot.embedded.kafka_jars import java_command
from chatsnapshot.embedded.ports import choose_ports
from chatsnapshot.embedded.process import ChildProcess, Command
from chatsnapshot.migration import migrate_kafka
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.connections import KafkaConnection
from tests.deployment.compose_file import services
from tests.fixtures.kafka import wait_for_broker

WITHIN_S = 60
STOP_WITHIN_S = 15.0
LOGGING = "Configuration:\n  Loggers:\n    Root:\n      level: INFO\n"
"""The image brings its own; its program only asks for this much."""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """As in the compose file, with free ports here in place of the container's, and a folder in place of its volume."""
    inside, controller, outside = (
        str(choice.port) for choice in choose_ports(("inside", "controller", "outside"), {}, {"inside": 0})
    )
    told = {name: str(value) for name, value in services()["kafka"]["environment"].items()}
    replaced = {
        "9092": inside,
        "9093": controller,
        "9094": outside,
        "//kafka:": "//127.0.0.1:",
        "//:": "//127.0.0.1:",
        "/var/lib/kafka/data": str(tmp_path / "data"),
    }
    for name in ("KAFKA_LISTENERS", "KAFKA_ADVERTISED_LISTENERS", "KAFKA_CONTROLLER_QUORUM_VOTERS", "KAFKA_LOG_DIRS"):
        for found, here in replaced.items():
            told[name] = told[name].replace(found, here)
    return told


def configured(folder: Path, jars: Path, environment: dict[str, str]) -> Path:
    """What the image does first: server.properties from the environment, and a formatted data folder."""
    for name in ("default", "mounted", "final"):
        (folder / name).mkdir()
    for name in ("server.properties", "log4j2.yaml", "tools-log4j2.yaml"):
        (folder / "default" / name).write_text("" if name == "server.properties" else LOGGING)
    folders = [f"--{name}-configs-dir={folder / name}" for name in ("default", "mounted", "final")]
    done = subprocess.run(
        [java_command(), "-cp", f"{jars}/*", "kafka.docker.KafkaDockerWrapper", "setup", *folders],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "final" / "server.properties"


def test_the_image_starts_with_this_environment_and_migrate_accepts_it(
    tmp_path: Path, kafka_jars: Path, environment: dict[str, str]
) -> None:
    properties = configured(tmp_path, kafka_jars, environment)
    advertised = environment["KAFKA_ADVERTISED_LISTENERS"].split(",")
    log = tmp_path / "kafka.log"
    command = (str(java_command()), "-Xmx512m", "-cp", f"{kafka_jars}/*", "kafka.Kafka", str(properties))
    broker = ChildProcess(Command(command, java_environment(), log, cwd=tmp_path))
    try:
        for listener in advertised:
            address = listener.rpartition("/")[2]
            wait_for_broker(broker, KafkaConnection(bootstrap_servers=address), log)
        settings = Settings(kafka_bootstrap_servers=address, partitions=2)
        assert migrate_kafka(settings, dry_run=False)
        assert migrate_kafka(settings, dry_run=False) == []
        made = AdminClient({"bootstrap.servers": address}).list_topics(timeout=WITHIN_S).topics
        assert set(settings.topics().all()) <= set(made)
    finally:
        broker.stop(STOP_WITHIN_S)
