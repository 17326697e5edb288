"""How the stack's state looks: tables for people, one document for machines."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from chatsnapshot.embedded.doctor import Check
from chatsnapshot.embedded.roles import Addresses
from chatsnapshot.embedded.status import ProcessStatus, StackStatus

MEGABYTE = 1_000_000
STYLES = {
    "ready": "green",
    "external": "cyan",
    "failing": "bold red",
    "ok": "green",
    "warn": "yellow",
    "fail": "bold red",
}


NUMERIC = {"pid", "port", "memory", "restarts", "partitions", "records", "behind by"}


def addresses_table(addresses: Addresses, data_dir: Path, how_to_stop: str) -> Table:
    """What `up` says when all is up."""
    table = _table("ChatSnapshot is up", "", "")
    table.add_row("HTTP", addresses.http.url)
    table.add_row("Kafka", addresses.kafka.bootstrap_servers)
    table.add_row("ClickHouse", f"{addresses.clickhouse.url} (database {addresses.clickhouse.database})")
    table.add_row("data", str(data_dir))
    table.add_row("", how_to_stop)
    return table


def addresses_json(addresses: Addresses, data_dir: Path) -> dict[str, Any]:
    """The same for `up --json`."""
    return {
        "data_dir": str(data_dir),
        "http": addresses.http.model_dump(),
        "kafka": addresses.kafka.model_dump(),
        "clickhouse": addresses.clickhouse.model_dump(),
    }


def status_tables(status: StackStatus) -> Iterator[Table | Text]:
    """What `status` prints."""
    if not status.running:
        yield Text(f"no stack runs on {status.data_dir}: `chatsnapshot up` starts one", style="yellow")
    if status.processes:
        yield _processes(status)
    if status.kafka is not None:
        yield _topics(status)
        yield Text("<=: offsets; they count a marker for each transaction", style="dim")
        yield _lag(status)
    if status.tables is not None:
        counts = status.tables
        yield Text(
            f"recorded {_number(counts.recorded)}   held {_number(counts.held)}   "
            f"quarantined {_number(counts.quarantined)}"
        )
    for note in status.notes:
        yield Text(note, style="yellow")


def status_json(status: StackStatus) -> dict[str, Any]:
    """What `status --json` prints: the same figures; unknown ones are null."""
    kafka, tables = status.kafka, status.tables
    return {
        "data_dir": status.data_dir,
        "running": status.running,
        "phase": status.phase,
        "healthy": status.is_healthy,
        "supervisor": asdict(status.supervisor) if status.supervisor else None,
        "endpoints": status.endpoints.model_dump() if status.endpoints else None,
        "processes": [asdict(process) for process in status.processes],
        "topics": [asdict(topic) for topic in kafka.topics] if kafka else [],
        "lag": [asdict(lag) for lag in kafka.lag] if kafka else [],
        "recorded": tables.recorded if tables else None,
        "held": tables.held if tables else None,
        "quarantined": tables.quarantined if tables else None,
        "notes": status.notes,
    }


def check_line(check: Check) -> Text:
    """One line of `doctor`."""
    line = Text.assemble((f"{check.verdict:<5}", STYLES[check.verdict]), f"{check.name}: {check.text}")
    return line.append(f"  -> {check.fix}", "dim") if check.fix else line


def _processes(status: StackStatus) -> Table:
    table = _table(f"{status.phase} on {status.data_dir}", "role", "state", "pid", "port", "memory", "restarts", "")
    for process in (*status.processes, *([status.supervisor] if status.supervisor else [])):
        table.add_row(
            process.role,
            Text(process.state, STYLES.get(process.state, "yellow")),
            _number(process.pid, group=""),
            _number(process.port, group=""),
            f"{process.memory_bytes / MEGABYTE:,.0f} MB" if process.memory_bytes is not None else "-",
            str(process.restarts),
            _remark(process),
        )
    return table


def _remark(process: ProcessStatus) -> str:
    return process.address or (f"last: {process.last_exit}" if process.last_exit else "")


def _topics(status: StackStatus) -> Table:
    table = _table("topics", "topic", "partitions", "records")
    for topic in status.kafka.topics if status.kafka else ():
        count = _number(topic.offsets)
        there = topic.partitions > 0
        table.add_row(
            topic.name,
            str(topic.partitions) if there else "absent",
            f"<= {count}" if topic.counts_markers and there else count,
        )
    return table


def _lag(status: StackStatus) -> Table:
    table = _table("lag", "stage", "input", "behind by")
    for lag in status.kafka.lag if status.kafka else ():
        table.add_row(lag.stage, lag.topic, _number(lag.offsets))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=title, title_justify="left", caption_justify="left", show_header=any(columns), box=None, pad_edge=False
    )
    for column in columns:
        table.add_column(column, justify="right" if column in NUMERIC else "left")
    return table


def _number(value: int | None, group: str = ",") -> str:
    return "-" if value is None else f"{value:{group}}"
