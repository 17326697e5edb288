"""The state of the stack in one value, gathered from outside: processes, topics, lag, what waits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from chatsnapshot.embedded.data_folder import DataFolder
from chatsnapshot.embedded.endpoints import Endpoints, read_endpoints
from chatsnapshot.embedded.kafka_figures import KafkaFigures, kafka_figures
from chatsnapshot.embedded.process_identity import memory_bytes
from chatsnapshot.embedded.supervision_state import Phase, RoleRecord, SupervisionRecord, read_record
from chatsnapshot.embedded.table_counts import TableCounts, table_counts
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.connections import ClickHouseConnection, KafkaConnection
from chatsnapshot_schemas.errors import AccessRefused, TransientError

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class ProcessStatus:
    """One process. `state` is the supervisor's word, or `external` for a part that the environment names."""

    role: str
    state: str
    pid: int | None = None
    port: int | None = None
    memory_bytes: int | None = None
    restarts: int = 0
    last_exit: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class StackStatus:
    """Everything that `status` shows. None or empty: not known, `notes` says why."""

    data_dir: str
    running: bool
    phase: Phase
    supervisor: ProcessStatus | None = None
    endpoints: Endpoints | None = None
    processes: tuple[ProcessStatus, ...] = ()
    kafka: KafkaFigures | None = None
    tables: TableCounts | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def is_healthy(self) -> bool:
        """Up, every process ready, and both stores answer."""
        ready = all(process.state in ("ready", "external") for process in self.processes)
        return self.phase == "up" and ready and self.kafka is not None and self.tables is not None


def stack_status(settings: Settings) -> StackStatus:
    """Look at the stack of `settings.data_dir`; what does not answer becomes a note. Takes seconds at most."""
    folder = DataFolder(settings.data_dir)
    running = folder.is_owned()
    record = read_record(folder.state_file) if running else None
    endpoints = read_endpoints(folder.path)
    notes: list[str] = []
    kafka, clickhouse = _connections(settings, endpoints)
    return StackStatus(
        data_dir=str(folder.path),
        running=running,
        phase=record.phase if record else "stopped",
        supervisor=_supervisor(record),
        endpoints=endpoints,
        processes=_processes(settings, record),
        kafka=_ask(lambda: kafka_figures(kafka, settings.topics()), notes) if kafka else None,
        tables=_ask(lambda: table_counts(clickhouse), notes) if clickhouse else None,
        notes=notes,
    )


def _connections(
    settings: Settings, endpoints: Endpoints | None
) -> tuple[KafkaConnection | None, ClickHouseConnection | None]:
    """What the environment names, else what runs here, else None."""
    kafka, clickhouse = settings.kafka(), settings.clickhouse()
    if endpoints is not None:
        kafka = kafka or KafkaConnection(bootstrap_servers=endpoints.kafka.bootstrap_servers)
        clickhouse = clickhouse or ClickHouseConnection(
            url=endpoints.clickhouse.url, database=endpoints.clickhouse.database
        )
    return kafka, clickhouse


def _ask(question: Callable[[], Answer], notes: list[str]) -> Answer | None:
    try:
        return question()
    except (TransientError, AccessRefused) as error:
        notes.append(str(error))
        return None


def _supervisor(record: SupervisionRecord | None) -> ProcessStatus | None:
    if record is None:
        return None
    return ProcessStatus(
        role="supervisor",
        state="ready",
        pid=record.supervisor.pid,
        memory_bytes=memory_bytes(record.supervisor, alone=True),
    )


def _processes(settings: Settings, record: SupervisionRecord | None) -> tuple[ProcessStatus, ...]:
    kafka, clickhouse = settings.kafka(), settings.clickhouse()
    external = []
    if kafka is not None:
        external.append(ProcessStatus(role="kafka", state="external", address=kafka.bootstrap_servers))
    if clickhouse is not None:
        external.append(ProcessStatus(role="clickhouse", state="external", address=clickhouse.url))
    return (*external, *(_process(role) for role in (record.roles if record else ())))


def _process(role: RoleRecord) -> ProcessStatus:
    memory = memory_bytes(role.process) if role.process else None
    return ProcessStatus(
        role=role.role,
        state=role.state,
        pid=role.process.pid if role.process else None,
        port=role.port,
        memory_bytes=memory,
        restarts=role.restarts,
        last_exit=role.last_exit,
    )
