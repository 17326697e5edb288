"""Confluent framing with a real schema registry: what is registered, who can read it, and what goes wrong."""

import io
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

from chatsnapshot.cli.app import main
from chatsnapshot_schemas.avro_schema import envelope_schema
from chatsnapshot_schemas.codec import encode_plain
from chatsnapshot_schemas.connections import TopicNames
from chatsnapshot_schemas.errors import SchemaRefused
from chatsnapshot_schemas.framing import CONFLUENT_BYTES
from chatsnapshot_schemas.partitioning import PARTITIONER, message_key
from chatsnapshot_schemas.registry import ConfluentRegistry
from tests.fixtures.ports import unused_port
from tests.pipeline.sequencer_installation import event, event_id

WITHIN_S = 90.0
"""No test waits longer for anything."""
PARTITIONS = 2
EVENTS = 12
T = TypeVar("T")


class Answer(NamedTuple):
    """What a command said."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Installation:
    """One topic prefix and database, and the commands of the product pointed at them."""

    folder: Path
    bootstrap: str
    clickhouse: str
    registry: str | None
    prefix: str

    @property
    def topics(self) -> TopicNames:
        return TopicNames(prefix=self.prefix)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CHATSNAPSHOT_")}
        named = {
            "DATA_DIR": str(self.folder),
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "CLICKHOUSE_URL": self.clickhouse,
            "CLICKHOUSE_DATABASE": self.prefix,
            "TOPIC_PREFIX": self.prefix,
            "PARTITIONS": str(PARTITIONS),
        }
        if self.registry is not None:
            named["SCHEMA_REGISTRY_URL"] = self.registry
        return kept | {f"CHATSNAPSHOT_{name}": value for name, value in named.items()}

    def run(self, *arguments: str, stdin: str = "") -> "Answer":
        """A command in this process: an interpreter for each would take most of the test's time."""
        out, error = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(error):
            for name in [name for name in os.environ if name.startswith("CHATSNAPSHOT_")]:
                patch.delenv(name)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
            return Answer(main(list(arguments)), out.getvalue(), error.getvalue())

    def json(self, *arguments: str, stdin: str = "") -> Any:
        done = self.run(*arguments, "--json", stdin=stdin)
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def serving(self, role: str) -> Iterator["subprocess.Popen[bytes]"]:
        """A worker of its own; its log is `<role>.log`."""
        with (self.folder / f"{role}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "chatsnapshot", "serve", role], env=self.environment, stdout=log, stderr=log
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()

    def records(self, topic: str) -> list[Message]:
        """Everything committed in a topic."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": "reading",
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
            }
        )
        consumer.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
        found: list[Message] = []
        ended = 0
        while ended < PARTITIONS:
            for message in consumer.consume(10_000, 0.1):
                if message.error():
                    ended += 1
                else:
                    found.append(message)
        consumer.close()
        return found

    def send(self, correlation: str, value: bytes) -> None:
        """A value as it is into the events topic."""
        producer = Producer({"bootstrap.servers": self.bootstrap, "partitioner": PARTITIONER})
        producer.produce(self.topics.events, value, message_key("default", correlation))
        assert producer.flush(WITHIN_S) == 0


def eventually(look: Callable[[], T | None]) -> T:
    """What `look` returns once it is something."""
    give_up = time.monotonic() + WITHIN_S
    while time.monotonic() < give_up:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"not within {WITHIN_S:g} s")


@pytest.fixture(scope="module")
def bare(
    kafka_bootstrap: str, clickhouse_url: str, schema_registry_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Installation:
    """Nothing is made yet."""
    folder = tmp_path_factory.mktemp("registry")
    return Installation(folder, kafka_bootstrap, clickhouse_url, schema_registry_url, f"t{uuid.uuid4().hex[:8]}")


@pytest.fixture(scope="module")
def installation(bare: Installation) -> Iterator[Installation]:
    """Migrated, with a sequencer and a sink at work and one run recorded."""
    migrated = bare.run("migrate")
    assert migrated.returncode == 0, migrated.stderr
    with bare.serving("sequencer"), bare.serving("sink"):
        lines = [json.dumps(envelope(number)) for number in range(EVENTS)]
        assert bare.json("import", "-", stdin="\n".join(lines))["accepted"] == EVENTS
        eventually(lambda: [run for run in bare.json("runs") if run["events"] == EVENTS])
        yield bare


@pytest.fixture(scope="module")
def client(schema_registry_url: str) -> SchemaRegistryClient:
    # without a timeout this client waits for ever for an answer that got lost, on a connection kept from before
    return SchemaRegistryClient({"url": schema_registry_url, "timeout": 20})


def envelope(number: int, **changes: Any) -> dict[str, Any]:
    """In JSON form, each caused by the one before."""
    return {
        "event_id": event_id("r", number),
        "event_type": "execution.message",
        "timestamp": "2026-01-31T12:00:00Z",
        "source": {"origin": "agent", "runtime": "custom", "instance": "i"},
        "source_seq": number,
        "correlation_id": "r",
        "causation_id": event_id("r", number - 1) if number else None,
        "payload": {"role": "user", "content": f"grüße {number}"},
        **changes,
    }


def changed_schema(**field: Any) -> str:
    """The envelope's schema with one more field."""
    schema = json.loads(envelope_schema().text)
    schema["fields"].append({"name": "added", "type": "string", **field})
    return json.dumps(schema)


def test_migrate_registers_both_schemas_and_protects_them(
    installation: Installation, client: SchemaRegistryClient
) -> None:
    for topic in (installation.topics.events, installation.topics.ledger):
        assert client.get_latest_version(f"{topic}-value").version == 1
        assert client.get_compatibility(f"{topic}-value") == "BACKWARD"
    assert not [step for step in installation.json("migrate", "--dry-run")["steps"] if "registry" in step["what"]], (
        "a second migrate has nothing to register"
    )


def test_the_whole_path_works_with_confluent_framing(installation: Installation) -> None:
    for topic in (installation.topics.events, installation.topics.ledger):
        assert {message.value()[:1] for message in installation.records(topic)} == {b"\0"}
    report = installation.json("verify", "r")
    assert (report["verdict"], report["records"]) == ("intact and complete", EVENTS)
    replayed = installation.run("replay", "r")
    contents = [json.loads(line)["envelope"]["payload"]["content"] for line in replayed.stdout.splitlines()]
    assert contents == [f"grüße {number}" for number in range(EVENTS)], replayed.stderr


def test_a_plain_avro_deserializer_reads_envelopes_and_ledger_records(
    installation: Installation, client: SchemaRegistryClient
) -> None:
    deserialize = AvroDeserializer(client)

    def read(topic: str) -> list[Any]:
        context = SerializationContext(topic, MessageField.VALUE)
        return [deserialize(message.value(), context) for message in installation.records(topic)]

    wanted = [event_id("r", number) for number in range(EVENTS)]
    proposed = [each for each in read(installation.topics.events) if each["correlation_id"] == "r"]
    assert [str(each["event_id"]) for each in proposed] == wanted
    recorded = [each for each in read(installation.topics.ledger) if each["envelope"]["correlation_id"] == "r"]
    assert [str(each["envelope"]["event_id"]) for each in recorded] == wanted
    assert [each["sequence_no"] for each in recorded] == list(range(1, EVENTS + 1))
    assert json.loads(recorded[3]["envelope"]["payload"]) == {"role": "user", "content": "grüße 3"}


def test_an_incompatible_change_is_refused(installation: Installation, client: SchemaRegistryClient) -> None:
    subject = f"{installation.topics.events}-value"
    with pytest.raises(SchemaRegistryError) as refused:
        client.register_schema(subject, Schema(changed_schema(), "AVRO"))
    assert refused.value.http_status_code == 409
    assert installation.registry is not None
    with pytest.raises(SchemaRefused, match=subject):
        ConfluentRegistry(installation.registry).id_of(subject, replace(envelope_schema(), text=changed_schema()))
    assert client.test_compatibility(subject, Schema(changed_schema(default=""), "AVRO"))
    assert client.get_latest_version(subject).version == 1


def test_an_unknown_schema_id_is_quarantined_with_its_reason(installation: Installation) -> None:
    installation.send("nobody", b"\0" + (999_999).to_bytes(4, "big") + encode_plain(event("nobody", 0)))
    found = eventually(lambda: [each for each in installation.json("quarantine", "list") if "999999" in each["detail"]])
    assert [each["reason"] for each in found] == ["unknown_schema"]
    shown = installation.run("quarantine", "show", found[0]["id"])
    assert "not readable as an envelope (unknown_schema)" in shown.stdout


def test_quarantine_show_reads_confluent_framing(installation: Installation) -> None:
    other = envelope(0, payload={"role": "user", "content": "another fact"}, source_seq=None)
    installation.json("import", "-", stdin=json.dumps(other))
    found = eventually(
        lambda: [each for each in installation.json("quarantine", "list") if each["reason"] == "event_id_conflict"]
    )
    shown = installation.json("quarantine", "show", found[0]["id"])
    assert shown["original"].startswith("00")
    assert json.loads(shown["readable"]["payload"])["content"] == "another fact"
    assert "another fact" in installation.run("quarantine", "show", found[0]["id"]).stdout


def test_validate_reads_confluent_framing(installation: Installation) -> None:
    file = installation.folder / "values.avro"
    values = [m.value() for m in installation.records(installation.topics.events) if m.key() == b"default/r"]
    file.write_bytes(b"".join(values[:EVENTS]))
    checked = installation.json("validate", str(file))
    assert (checked["events"], checked["valid"]) == (EVENTS, EVENTS)


def test_schema_check_says_what_the_registry_holds(installation: Installation) -> None:
    checked = installation.run("schema", "check", "--json")
    comparisons = json.loads(checked.stdout)["comparisons"]
    assert checked.returncode == 0
    assert {each["verdict"] for each in comparisons} == {"identical"}
    assert sum(each["against"].startswith("registry") for each in comparisons) == 2


def test_schema_check_registers_nothing(bare: Installation, client: SchemaRegistryClient) -> None:
    fresh = replace(bare, prefix=f"t{uuid.uuid4().hex[:8]}")
    comparisons = fresh.json("schema", "check")["comparisons"]
    assert sum(each["verdict"] == "not registered" for each in comparisons) == 2
    assert not [subject for subject in client.get_subjects() if subject.startswith(fresh.prefix)]


def test_schema_check_names_an_incompatible_field(bare: Installation, client: SchemaRegistryClient) -> None:
    other = replace(bare, prefix=f"t{uuid.uuid4().hex[:8]}")
    schema = json.loads(envelope_schema().text)
    schema["fields"] = [field for field in schema["fields"] if field["name"] != "payload"]
    client.register_schema(f"{other.topics.events}-value", Schema(json.dumps(schema), "AVRO"))
    checked = other.run("schema", "check", "--json")
    assert checked.returncode == 1
    (found,) = [each for each in json.loads(checked.stdout)["comparisons"] if each["verdict"] == "incompatible"]
    assert found["problems"] == ["payload: new, without a default"]


def test_a_registry_that_is_away_stops_the_worker_and_quarantines_nothing(bare: Installation) -> None:
    with_registry = replace(bare, prefix=f"t{uuid.uuid4().hex[:8]}")
    away = replace(with_registry, registry=f"http://127.0.0.1:{unused_port()}")
    assert with_registry.run("migrate").returncode == 0
    assert with_registry.registry is not None
    schema_id = ConfluentRegistry(with_registry.registry).id_of(
        f"{with_registry.topics.events}-value", envelope_schema()
    )
    framed = b"\0" + schema_id.to_bytes(CONFLUENT_BYTES - 1, "big") + encode_plain(event("away", 0))
    with_registry.send("away", framed)
    with away.serving("sequencer") as worker:
        assert worker.wait(WITHIN_S) != 0
    assert "schema registry" in (away.folder / "sequencer.log").read_text()
    assert away.records(away.topics.quarantine) == away.records(away.topics.ledger) == []
    with with_registry.serving("sequencer"):
        recorded = eventually(lambda: with_registry.records(with_registry.topics.ledger))
    assert len(recorded) == 1
    assert with_registry.records(with_registry.topics.quarantine) == []
