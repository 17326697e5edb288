"""The whole path with TLS, passwords and ACLs: each role under its own account, with what the list gives it."""

import json
import os
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Consumer, KafkaException, Message, Producer
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic, ResourceType

from chatsnapshot import Ledger, Recorder
from chatsnapshot.cli.app import main
from chatsnapshot.embedded.ports import free_port
from chatsnapshot.kafka.acls import roles
from chatsnapshot.kafka.partition_log import read_partition, reader
from chatsnapshot.migration import migrate_kafka
from chatsnapshot.reading.held_inputs import held_original
from chatsnapshot_processors.redrive.writer import SolutionWriter
from chatsnapshot_schemas.connections import KafkaConnection, TopicNames
from chatsnapshot_schemas.errors import AccessRefused, Undelivered
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.kafka_admin import ListeningAdmin
from tests.fixtures.authorizer_log import Decision, decisions, needed
from tests.fixtures.secured_kafka import ANSWER_WITHIN_S, SecuredKafka
from tests.pipeline.secured_installation import PARTITIONS, SecuredInstallation

VISIBLE_WITHIN_S = 90
RUN = "refund-1"
EVENTS = 4
"""Of the run: two by import, one recorded, one over HTTP."""
REPORT = json.dumps(
    {
        "version": 1,
        "kind": "run",
        "tenant_id": "default",
        "instance": "by-hand",
        "correlation_id": RUN,
        "numbered": 0,
        "settled": 0,
        "updated_at": 1_772_366_400_000_000,
    }
)
NEVER_RECORDED = str(uuid.uuid4())
"""A cause that does not come: what names it is held, then recorded as unresolved after a tick."""
WRONG_PASSWORD = {"kafka_password_file": "", "kafka_password": "not-it-at-all"}


@pytest.fixture(scope="module")
def installation(
    secured_kafka: SecuredKafka, clickhouse_url: str, tmp_path_factory: pytest.TempPathFactory
) -> SecuredInstallation:
    made = SecuredInstallation(secured_kafka, clickhouse_url, tmp_path_factory.mktemp("secured"))
    made.allow(made.rules)
    return made


@pytest.fixture(scope="module")
def migrated(installation: SecuredInstallation) -> SecuredInstallation:
    first = installation.run("migrate", "migrate")
    assert first.returncode == 0, first.stderr
    # what somebody changed by hand is mended by the next one
    _set(installation, installation.names.quarantine, "max.message.bytes", "1000")
    again = installation.run("migrate", "migrate")
    assert "max.message.bytes" in again.stdout, again.stdout + again.stderr
    return installation


@pytest.fixture(scope="module")
def spare(
    secured_kafka: SecuredKafka, clickhouse_url: str, tmp_path_factory: pytest.TempPathFactory
) -> SecuredInstallation:
    """Another one, to take rights away from: the daemons of the first would end, as they should."""
    made = SecuredInstallation(secured_kafka, clickhouse_url, tmp_path_factory.mktemp("spare"))
    made.allow(made.rules)
    migrate_kafka(made.settings("migrate"), dry_run=False)
    return made


@pytest.fixture(scope="module")
def recorded(migrated: SecuredInstallation) -> Iterator[SecuredInstallation]:
    """Every role has done its work once, and the daemons go on."""
    port = free_port()
    with ExitStack() as daemons:
        daemons.enter_context(migrated.serving("sink", "sink"))
        daemons.enter_context(migrated.serving("ingest", "http", "--roles", "ingest", "--port", str(port)))
        with migrated.serving("sequencer", "sequencer"):
            poison = Producer(migrated.connection("producer").client_config())
            for partition in range(PARTITIONS):
                poison.produce(migrated.names.events, b"not an envelope", b"poison", partition)
            assert poison.flush(ANSWER_WITHIN_S) == 0
            _post(migrated, port, "/v1/events", _event())
            _post(migrated, port, "/v1/sources", REPORT)
            counted = migrated.run("producer", "record", "execution.message", "--run", RUN)
            assert counted.returncode == 0, counted.stderr
            assert "does not take reports" not in counted.stderr
            # the last in its partition: only a tick lets its time pass
            sent = migrated.run(
                "producer", "import", "-", stdin="\n".join((_event(), _event(causation_id=NEVER_RECORDED)))
            )
            assert sent.returncode == 0, sent.stderr
            ledger = Ledger.connect(settings=migrated.settings("reader"))
            _wait_until(lambda: [run.events for run in ledger.runs(1)] == [EVENTS], migrated)
            _wait_until(lambda: len(ledger.quarantine()) == PARTITIONS, migrated)
        # the second finds its place after records, held events and quarantine
        daemons.enter_context(migrated.serving("sequencer", "sequencer"))
        yield migrated


@dataclass(frozen=True)
class Work:
    """What the readers found, and what the broker decided for every role until then."""

    verified: "subprocess.CompletedProcess[str]"
    status: dict[str, Any]
    completeness: dict[str, Any]
    tailed: list[int]
    decided: list[Decision]


@pytest.fixture(scope="module")
def work(recorded: SecuredInstallation) -> Work:
    """Every role has done what it is for."""
    verified = recorded.run("verifier", "verify", "--all", "--json")
    anchor = recorded.log("verifier").with_suffix(".anchor")
    _wait_until(lambda: recorded.run("verifier", "evidence", "anchor", "--out", str(anchor)).returncode == 0, recorded)
    status = recorded.json("reader", "status")
    completeness = recorded.json("reader", "status", "--completeness")
    tail = Ledger.connect(settings=recorded.settings("reader")).tail(from_start=True)
    tailed = [record.sequence_no for record in islice(tail, EVENTS)]
    # the first record of a partition is its epoch: nothing held, but read
    assert held_original(recorded.connection("reader"), recorded.names.state, 0, 0) is None
    _redrive_one(recorded)
    return Work(verified, status, completeness, tailed, list(decisions(recorded.secured.log)))


def _redrive_one(recorded: SecuredInstallation) -> None:
    """What nobody can read is replaced; what it was is still shown."""
    row = Ledger.connect(settings=recorded.settings("reader")).quarantine(1)[0]
    record = f"{row.input_epoch}-{row.input_partition}-{row.input_offset}"
    event = _event(correlation_id="replaced")
    done = recorded.run("redrive", "quarantine", "redrive", record, "--envelope", "-", stdin=event)
    assert done.returncode == 0, done.stderr
    _wait_until(lambda: "solution" in recorded.json("reader", "quarantine", "show", record), recorded)
    _wait_until(lambda: recorded.run("reader", "show", "replaced").returncode == 0, recorded)


def test_events_reach_the_tables_and_every_reader(work: Work) -> None:
    assert work.verified.stdout, work.verified.stderr
    found = json.loads(work.verified.stdout)["counts"]
    assert found == {"unresolved_cause": 1, "quarantined": PARTITIONS}
    assert [stage["offsets"] for stage in work.status["lag"]] == [0, 0]
    assert work.status["recorded"] == EVENTS
    assert work.tailed == list(range(1, EVENTS + 1))
    assert {each["instance"]: each["projected"] for each in work.completeness["runs"]}.items() >= {("by-hand", 0)}
    assert (work.completeness["figures"]["projected"], work.completeness["runs_without_report"]) == (1, 0)


@pytest.mark.parametrize("role", roles())
def test_nothing_is_denied_and_no_right_is_unused(recorded: SecuredInstallation, work: Work, role: str) -> None:
    """Seen by the broker itself: taking any line of the list away would deny a request that was made just now."""
    own = [each for each in work.decided if each.user == recorded.user(role)]
    assert [each for each in own if not each.is_allowed] == []
    rules = [rule for rule in recorded.rules if rule.role == role]
    assert set(rules) - needed(rules, own) == set(), f"{role} has rights that it does not need"


@pytest.mark.usefixtures("work")  # by then there are roots, too
@pytest.mark.parametrize("role", roles())
def test_no_account_reads_writes_or_makes_anything_else(recorded: SecuredInstallation, role: str) -> None:
    connection = recorded.connection(role)
    may = {(rule.operation, rule.name) for rule in recorded.rules if rule.role == role}
    producer = Producer({**connection.client_config(), "message.timeout.ms": ANSWER_WITHIN_S * 1000})
    consumer = reader(connection)
    try:
        for topic in recorded.names.all():
            if ("Write", topic) not in may:
                assert "AUTHORIZATION_FAILED" in _written(producer, topic), f"{role} may write {topic}"
            if ("Read", topic) not in may:
                with pytest.raises(AccessRefused, match=f" {topic} "):
                    assert _read(consumer, connection, topic), "there was nothing to read"
    finally:
        consumer.close()
    if role != "migrate":
        admin, name = ListeningAdmin(connection), f"{recorded.names.prefix}.more"
        with pytest.raises(KafkaException, match="AUTHORIZATION_FAILED"):
            admin.create_topics([NewTopic(name, 1, 1)])[name].result()


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        ("sequencer", [("Write", "{events}"), ("Read", "{group}-sequencer")]),
        ("sink", [("Read", "{ledger}"), ("Read", "{group}-sink-upserts")]),
    ],
)
def test_a_daemon_without_a_right_says_which_and_ends(
    spare: SecuredInstallation, role: str, rights: list[tuple[str, str]]
) -> None:
    names = spare.names
    wanted = [
        (what, name.format(events=names.events, ledger=names.ledger, group=names.prefix)) for what, name in rights
    ]
    rules = [rule for rule in spare.rules if rule.role == role and (rule.operation, rule.name) in wanted]
    with spare.without(*rules):
        ended = spare.run(role, "serve", role)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 1
    assert f"denies User:{spare.user(role)} " in said
    for rule in rules:
        assert f"{rule.operation} of {rule.resource} {rule.name}" in said
        assert f"--operation {rule.operation} --{rule.resource} {rule.name};" in said
    assert "Traceback" not in said


def test_a_sequencer_without_transactions_says_so_and_ends(spare: SecuredInstallation) -> None:
    rule = next(rule for rule in spare.rules if (rule.role, rule.resource) == ("sequencer", "transactional-id"))
    with spare.without(rule):
        ended = spare.run("sequencer", "serve", "sequencer")
    said = ended.stdout + ended.stderr
    assert ended.returncode == 1
    assert f"--operation Write --transactional-id {rule.name} --resource-pattern-type prefixed" in said


def test_redriving_without_transactions_says_so(spare: SecuredInstallation) -> None:
    rule = next(rule for rule in spare.rules if (rule.role, rule.resource) == ("redrive", "transactional-id"))
    writer = SolutionWriter(spare.connection("redrive"), spare.names, 0, Framing())
    with spare.without(rule), pytest.raises(AccessRefused) as refused, writer:
        pass
    assert f"--operation Write --transactional-id {rule.name} --resource-pattern-type prefixed" in str(refused.value)


@pytest.mark.parametrize("role", ["sequencer", "sink"])
def test_a_daemon_with_a_wrong_password_says_so_and_ends(spare: SecuredInstallation, role: str) -> None:
    ended = spare.run(role, "serve", role, **WRONG_PASSWORD)
    assert ended.returncode == 1
    _assert_clear(ended.stdout + ended.stderr, f"does not let User:{spare.user(role)} in")


@pytest.mark.parametrize(
    ("role", "command", "what"),
    [
        ("reader", ["import", "FILE"], "Write of topic {events}"),
        ("producer", ["verify", "--all"], "Describe of topic {ledger}"),
        ("ingest", ["tail"], "Describe of topic {ledger}"),
        ("reader", ["migrate"], "Create of topic {other}"),
    ],
)
def test_a_command_without_a_right_says_which(
    spare: SecuredInstallation,
    role: str,
    command: list[str],
    what: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = TopicNames(prefix=f"{spare.names.prefix}-other")
    settings = {"topic_prefix": other.prefix} if command == ["migrate"] else {}
    _set_environment(monkeypatch, spare.environment(role, **settings))
    assert main(_with_file(command, tmp_path)) == 1
    said = capsys.readouterr().err
    expected = what.format(events=spare.names.events, ledger=spare.names.ledger, other=other.events)
    _assert_clear(said, f"denies User:{spare.user(role)} {expected} ")


@pytest.mark.parametrize(
    ("role", "command"),
    [
        ("migrate", ["migrate"]),
        ("migrate", ["up"]),
        ("reader", ["tail"]),
        ("producer", ["import", "FILE"]),
        ("verifier", ["verify", "x"]),
    ],
)
def test_a_command_with_a_wrong_password_says_so(
    spare: SecuredInstallation,
    role: str,
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _set_environment(monkeypatch, spare.environment(role, **WRONG_PASSWORD))
    assert main(_with_file(command, tmp_path)) == 1
    said = capsys.readouterr().err
    _assert_clear(said, f"does not let User:{spare.user(role)} in")
    assert "CHATSNAPSHOT_KAFKA_PASSWORD" in said
    assert WRONG_PASSWORD["kafka_password"] not in said


def test_a_recorder_keeps_what_a_refused_account_cannot_send(
    recorded: SecuredInstallation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flush without a limit ends all the same: only a person changes a password. The next one sends it all."""
    run = f"kept-{uuid.uuid4().hex[:6]}"
    _set_environment(monkeypatch, recorded.environment("producer", **WRONG_PASSWORD))
    recorder = Recorder.connect()
    recorder.record(event_type="execution.message", correlation_id=run, payload={"content": "kept"})
    with pytest.raises(Undelivered, match=r"does not let User:.* in") as undelivered:
        recorder.flush(timeout=None)
    recorder.close(0)
    _set_environment(monkeypatch, recorded.environment("producer"))
    again = Recorder.connect()
    again.flush(timeout=VISIBLE_WITHIN_S)
    again.close(0)
    ledger = Ledger.connect(settings=recorded.settings("reader"))
    _wait_until(lambda: run in [each.correlation_id for each in ledger.runs()], recorded)
    assert [record.envelope.event_id for record in ledger.run(run).events()] == list(undelivered.value.remaining)


def test_doctor_tells_a_wrong_password(
    spare: SecuredInstallation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _set_environment(monkeypatch, spare.environment("reader", **WRONG_PASSWORD))
    assert main(["doctor"]) == 1
    assert f"does not let User:{spare.user('reader')} in" in " ".join(capsys.readouterr().out.split())


def _set_environment(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith("CHATSNAPSHOT_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def _with_file(command: list[str], folder: Path) -> list[str]:
    """The command with FILE replaced by a file of one event."""
    (folder / "events.ndjson").write_text(_event())
    return [str(folder / "events.ndjson") if word == "FILE" else word for word in command]


def _assert_clear(said: str, expected: str) -> None:
    """One line for a person, with what is wrong."""
    assert expected in said
    assert "Traceback" not in said
    assert len([line for line in said.splitlines() if line.startswith("error: ")]) <= 1


def _event(**fields: object) -> str:
    envelope = {
        "event_id": str(uuid.uuid4()),
        "event_type": "execution.message",
        "timestamp": "2025-11-20T12:00:00Z",
        "source": {"origin": "agent", "runtime": "custom"},
        "correlation_id": RUN,
        "causation_id": None,
        "payload": {"role": "user", "content": "Where is my money?"},
    }
    return json.dumps(envelope | fields)


def _post(installation: SecuredInstallation, port: int, path: str, body: str) -> None:
    url = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=url, timeout=ANSWER_WITHIN_S, trust_env=False) as client:
        _wait_until(lambda: _is_ready(client), installation)
        answer = client.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 202, answer.text


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def _set(installation: SecuredInstallation, topic: str, name: str, value: str) -> None:
    entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    installation.secured.admin.incremental_alter_configs([resource])[resource].result(ANSWER_WITHIN_S)


def _written(producer: Producer, topic: str) -> str:
    """The name of the error that a record meets; empty when it is in."""
    errors: list[str] = []
    try:
        producer.produce(topic, b"x", on_delivery=lambda error, _: errors.append(error.name() if error else ""))
    except KafkaException as refused:  # the client knows it already, from what it asked about an earlier topic
        return str(refused.args[0].name())
    producer.flush(ANSWER_WITHIN_S)
    return errors[0] if errors else "no answer"


def _read(consumer: Consumer, kafka: KafkaConnection, topic: str) -> list[Message]:
    return [each for partition in range(PARTITIONS) for each in read_partition(consumer, kafka, topic, partition)]


def _wait_until(condition: Callable[[], bool], installation: SecuredInstallation) -> None:
    deadline = time.monotonic() + VISIBLE_WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, _logs(installation)
        time.sleep(0.2)


def _logs(installation: SecuredInstallation) -> str:
    logs = [installation.log(role) for role in roles()]
    return "\n".join(path.read_text()[-2000:] for path in logs if Path(path).exists())
