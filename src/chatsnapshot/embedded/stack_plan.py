"""From settings to a plan: which parts are started here, with which commands, ports and environment."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from chatsnapshot.embedded.data_folder import DataFolder
from chatsnapshot.embedded.endpoints import ClickHouseEndpoint, HttpEndpoint, KafkaEndpoint
from chatsnapshot.embedded.kafka_broker import KafkaNode, java_environment
from chatsnapshot.embedded.kafka_jars import bring_kafka_jars, java_command
from chatsnapshot.embedded.port_claims import PortClaims
from chatsnapshot.embedded.ports import LOOPBACK, ChosenPort, choose_ports, read_ports, remember_ports
from chatsnapshot.embedded.process import Command
from chatsnapshot.embedded.progress import Progress
from chatsnapshot.embedded.readiness import (
    accepts_connections,
    broker_answers,
    clickhouse_answers,
    group_has_members,
    http_answers,
)
from chatsnapshot.embedded.roles import STORE_PATIENCE, WORKER_ANSWERS_WITHIN_S, Addresses, Role, StackPlan
from chatsnapshot.evidence.signing import ready_stack_key
from chatsnapshot.settings import CLICKHOUSE_SECURITY, KAFKA_SECURITY, Settings
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import BrokerUnavailable, ClickHouseUnavailable

STOP_WITHIN_S = {"http": 6.0, "sink": 10.0, "sequencer": 10.0, "clickhouse": 6.0, "kafka": 8.0}
"""A second more than each gives itself; all of them together are about three when nothing hangs."""
WORKER_READY_WITHIN_S = 60.0
"""A worker reads its state from the topics first; a long catch-up does not keep the others from being used."""
REFUSAL_HEARD_WITHIN_S = 2.0
"""A wrong password is answered within half a second."""
STATIC_MEMBER = "local"
"""One worker per group here: under the same name it gets its partitions back at once after a kill."""
ANY_ADDRESS = ("0.0.0.0", "::", "")


@dataclass(frozen=True)
class _Ports:
    chosen: tuple[ChosenPort, ...]

    def of(self, purpose: str) -> int:
        return next(choice.port for choice in self.chosen if choice.purpose == purpose)


def plan_stack(settings: Settings, folder: DataFolder, progress: Progress) -> StackPlan:
    """Make everything ready to start: jars, ports, Kafka's identity; says what it downloads and which port differs.

    Raises BrokerUnavailable or ClickHouseUnavailable when a part that the environment names does not answer,
    AccessRefused, PortTaken for a demanded port, StackFailed when Kafka cannot be brought or set up.
    """
    _require_named_parts(settings)
    claims = PortClaims(settings.cache_dir / "ports")
    ports = _choose(settings, folder, progress, claims)
    backends: list[Role] = []
    if settings.kafka() is None:
        backends.append(_kafka(settings, folder, ports, progress))
    if settings.clickhouse() is None:
        backends.append(_clickhouse(folder, ports))
    addresses = _addresses(settings, ports)
    worker = _WorkerRoles(settings, folder, addresses, ports)
    return StackPlan(
        backends=tuple(backends),
        setup=worker.migrate(),
        workers=(worker.sequencer(), worker.sink(), worker.http()),
        addresses=addresses,
        claims=claims,
    )


def _require_named_parts(settings: Settings) -> None:
    kafka, clickhouse = settings.kafka(), settings.clickhouse()
    if kafka is not None and not broker_answers(kafka):
        _check_not_refused(kafka)
        raise BrokerUnavailable(
            f"no Kafka answers at {kafka.bootstrap_servers} (CHATSNAPSHOT_KAFKA_BOOTSTRAP_SERVERS); "
            "unset it to run the embedded one"
        )
    if clickhouse is not None and not clickhouse_answers(clickhouse.address, clickhouse.ssl_context()):
        raise ClickHouseUnavailable(
            f"no ClickHouse answers at {clickhouse.url} (CHATSNAPSHOT_CLICKHOUSE_URL); unset it to run the embedded one"
        )


def _check_not_refused(kafka: KafkaConnection) -> None:
    """Raise AccessRefused when that is why a broker does not answer."""
    from chatsnapshot.kafka.admin import admin_client

    with suppress(BrokerUnavailable):
        admin_client(kafka).metadata(REFUSAL_HEARD_WITHIN_S)


def _choose(settings: Settings, folder: DataFolder, progress: Progress, claims: PortClaims) -> _Ports:
    purposes = ["sequencer", "sink", "http"]
    if settings.kafka() is None:
        purposes += ["kafka", "kafka-controller"]
    if settings.clickhouse() is None:
        purposes += ["clickhouse"]
    demanded = {"http": settings.http_port} if "http_port" in settings.model_fields_set else {}
    chosen = choose_ports(tuple(purposes), read_ports(folder.ports_file), demanded, claims.take)
    for choice in chosen:
        if choice.instead_of is not None:
            progress.say(f"port {choice.instead_of} is taken: {choice.purpose} uses {choice.port}")
    remember_ports(folder.ports_file, chosen)
    return _Ports(chosen)


def _kafka(settings: Settings, folder: DataFolder, ports: _Ports, progress: Progress) -> Role:
    java = java_command()
    jars = bring_kafka_jars(settings.cache_dir, progress)
    node = KafkaNode(folder.kafka, ports.of("kafka"), ports.of("kafka-controller"), java, jars)
    node.prepare()
    connection = KafkaConnection(bootstrap_servers=node.bootstrap_servers)

    def answers() -> bool:
        # the socket first: asking a broker that is not there leaves a client thread behind for a second
        return accepts_connections(LOOPBACK, node.port) and broker_answers(connection)

    return Role(
        name="kafka",
        command=Command(node.command(), java_environment(), folder.log("kafka"), cwd=folder.kafka),
        is_ready=answers,
        stop_within_s=STOP_WITHIN_S["kafka"],
        port=node.port,
        is_alive=answers,
        patience=STORE_PATIENCE,
    )


def _clickhouse(folder: DataFolder, ports: _Ports) -> Role:
    port = ports.of("clickhouse")
    arguments = ("--data-dir", str(folder.clickhouse), "--host", LOOPBACK, "--port", str(port))
    command = python_module("chatsnapshot.embedded.clickhouse", *arguments)
    answers = partial(clickhouse_answers, f"http://{LOOPBACK}:{port}")
    return Role(
        name="clickhouse",
        command=Command(command, python_environment(), folder.log("clickhouse")),
        is_ready=answers,
        stop_within_s=STOP_WITHIN_S["clickhouse"],
        port=port,
        is_alive=answers,
        patience=STORE_PATIENCE,
    )


def _addresses(settings: Settings, ports: _Ports) -> Addresses:
    host = _in_url(_reached(settings.http_host))
    kafka, clickhouse = settings.kafka(), settings.clickhouse()
    return Addresses(
        kafka=KafkaEndpoint(bootstrap_servers=kafka.bootstrap_servers if kafka else f"{LOOPBACK}:{ports.of('kafka')}"),
        clickhouse=ClickHouseEndpoint(
            url=clickhouse.url if clickhouse else f"http://{LOOPBACK}:{ports.of('clickhouse')}",
            database=settings.clickhouse_database,
        ),
        http=HttpEndpoint(url=f"http://{host}:{ports.of('http')}"),
    )


def _reached(host: str) -> str:
    """The address by which this machine reaches what is bound to `host`."""
    return LOOPBACK if host in ANY_ADDRESS else host


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@dataclass(frozen=True)
class _WorkerRoles:
    """The roles that are ChatSnapshot itself: the same commands as in production, told where things are."""

    settings: Settings
    folder: DataFolder
    addresses: Addresses
    ports: _Ports

    def migrate(self) -> Role:
        return self._role("migrate", ("migrate",), is_ready=lambda: False)

    def sequencer(self) -> Role:
        return self._consumer("sequencer")

    def sink(self) -> Role:
        return self._consumer("sink")

    def http(self) -> Role:
        port = self.ports.of("http")
        arguments = ("serve", "http", "--host", self.settings.http_host, "--port", str(port))
        url = self.addresses.http.url
        return self._role(
            "http", arguments, partial(http_answers, f"{url}/readyz"), port, partial(http_answers, f"{url}/healthz")
        )

    def _consumer(self, name: str) -> Role:
        port = self.ports.of(name)
        arguments = ("serve", name, "--metrics-port", str(port), "--instance-id", STATIC_MEMBER)
        alive = partial(http_answers, f"http://{_in_url(self._metrics_host)}:{port}/healthz")
        return self._role(name, arguments, partial(self._consumes, name, port), port, alive)

    def _consumes(self, name: str, port: int) -> bool:
        """The process is there (a killed one stays in its group for a while), and its group has partitions."""
        group = f"{self.settings.topic_prefix}-{name}"
        return accepts_connections(self._metrics_host, port) and group_has_members(self._kafka(), group)

    @property
    def _metrics_host(self) -> str:
        """Where this machine reaches what a worker binds for metrics and probes."""
        return _reached(self.settings.metrics_host)

    def _kafka(self) -> KafkaConnection:
        return self.settings.kafka() or KafkaConnection(bootstrap_servers=self.addresses.kafka.bootstrap_servers)

    def _role(
        self,
        name: str,
        arguments: tuple[str, ...],
        is_ready: Callable[[], bool],
        port: int | None = None,
        is_alive: Callable[[], bool] | None = None,
    ) -> Role:
        return Role(
            name=name,
            command=Command(python_module("chatsnapshot", *arguments), self._environment(), self.folder.log(name)),
            is_ready=is_ready,
            stop_within_s=STOP_WITHIN_S.get(name, 5.0),
            port=port,
            ready_within_s=WORKER_READY_WITHIN_S,
            is_alive=is_alive,
            first_answer_within_s=WORKER_ANSWERS_WITHIN_S,
        )

    def _environment(self) -> dict[str, str]:
        told = {
            "CHATSNAPSHOT_DATA_DIR": str(self.folder.path),
            "CHATSNAPSHOT_KAFKA_BOOTSTRAP_SERVERS": self.addresses.kafka.bootstrap_servers,
            "CHATSNAPSHOT_CLICKHOUSE_URL": self.addresses.clickhouse.url,
        }
        if self.settings.signing_key_file is None and (key := ready_stack_key(self.folder.path)) is not None:
            told["CHATSNAPSHOT_SIGNING_KEY_FILE"] = str(key)
        # what the embedded parts do not ask for, but the environment has for others; empty is as unset
        if self.settings.kafka() is None:
            told |= {f"CHATSNAPSHOT_{name.upper()}": "" for name in KAFKA_SECURITY}
        if self.settings.clickhouse() is None:
            told |= {f"CHATSNAPSHOT_{name.upper()}": "" for name in CLICKHOUSE_SECURITY}
        return python_environment() | told


def python_module(module: str, *arguments: str) -> tuple[str, ...]:
    """`python -m module`, without the working directory on the import path: it is a person's, and may hold anything."""
    return (sys.executable, "-P", "-m", module, *arguments)


def python_environment() -> dict[str, str]:
    """This environment, with output that reaches the log line by line."""
    return {**os.environ, "PYTHONUNBUFFERED": "1"}
