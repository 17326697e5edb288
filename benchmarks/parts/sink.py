"""How fast ledger records become rows: ours with every projection live, the engine alone, and the sink people write."""

import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from benchmarks.failing import BenchmarkFailed
from benchmarks.filling import fill, ledger_records
from benchmarks.installation import Installation
from benchmarks.measures import PartResult, Table
from benchmarks.options import Options
from benchmarks.processor_time import processor_time
from benchmarks.progress import say
from benchmarks.row_watching import until_group, until_rows
from benchmarks.spread import middle
from benchmarks.stage import Stage, clean_environment
from benchmarks.workload import Event, backlog
from chatsnapshot_projections.avro_block import container, container_header
from chatsnapshot_projections.ledger_block_schema import LEDGER_BLOCK_SCHEMA
from chatsnapshot_projections.settings_pinned import INSERT_SETTINGS
from chatsnapshot_schemas.framing import SINGLE_OBJECT_BYTES

NAME = "sink"
TITLE = "Sink: from the ledger topic to queryable rows"
ROWS = 200_000
BLOCK_ROWS = 50_000
"""A full batch of the sink."""
AT_ONCE = 2
"""Inserts in flight, as in the sink."""
WITHIN_S = 180.0
OURS, PEER, ENGINE, ENGINE_BARE = "ours", "plain", "engine", "engine_bare"
LABELS = {
    OURS: "ChatSnapshot sink (exactly-once effect, every projection, fsync)",
    PEER: "plain clickhouse-connect sink (at-least-once, same tables)",
    ENGINE: "engine alone: the same blocks inserted directly, every projection, fsync",
    ENGINE_BARE: "engine alone, table ledger only, fsync",
}

METHOD = """\
{count:,} ledger records ({size:.0f} bytes each, 8 partitions) lie in the ledger topic. A sink process with the
settings it is shipped with is started; rows/s is from the moment when its consumer group has its partitions (asked
every 20 ms) until `count()` of table `ledger` has every row (asked every 50 ms). An insert is acknowledged when the
row is in every projection and on disk (fsync). `FINAL` is then counted in every case: each row once. The plain sink
consumes with confluent-kafka, decodes with fastavro, inserts columns with clickhouse-connect 50,000 at a time and
commits; its rows go into the same tables with the same projections. The engine alone gets Avro blocks of {block:,}
records from memory, two at a time, without Kafka."""


def run(options: Options) -> PartResult:
    """Every way of inserting in every repeat, into fresh tables."""
    events = backlog(options.count(ROWS), duplicates=False)
    records = list(ledger_records(events.events))
    size = sum(len(record.value) for record in records) / len(records)
    result = PartResult(NAME, TITLE, compare_with=f"{NAME}.{OURS}")
    result.method = METHOD.format(count=len(records), size=size, block=min(BLOCK_ROWS, len(records)))
    cores: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with Stage(options.folder) as stage:
        for repeat in range(options.repeat):
            ways = (OURS, PEER, ENGINE, ENGINE_BARE)
            for way in ways if repeat % 2 == 0 else reversed(ways):
                rate, own, engine = _measure(stage, way, records)
                cores[LABELS[way]].append((own, engine))
                result.add(f"{NAME}.{way}", LABELS[way], "rows/s", rate, is_ours=way == OURS)
                say(f"{NAME} {repeat + 1}/{options.repeat}: {LABELS[way]}: {rate:,.0f} rows/s")
    result.tables.append(_cores_table(cores))
    return result


def _measure(stage: Stage, way: str, records: list[Event]) -> tuple[float, float, float]:
    """rows/s, cores that the sink process and ClickHouse kept busy."""
    installation = Installation(stage).migrate()
    if way == ENGINE_BARE:
        for (name,) in installation.client.query(
            "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'MaterializedView'"
        ).result_rows:
            installation.client.command(f"DROP VIEW `{name}`")
    took, own, engine = (
        _insert_directly(installation, records)
        if way in (ENGINE, ENGINE_BARE)
        else _catch_up(installation, records, is_ours=way == OURS)
    )
    once = installation.rows_once()
    if once != len(records):
        raise BenchmarkFailed(f"{LABELS[way]}: {once} rows, {len(records)} expected")
    installation.drop()
    return len(records) / took, own, engine


def _catch_up(installation: Installation, records: list[Event], *, is_ours: bool) -> tuple[float, float, float]:
    stage, topics = installation.stage, installation.topics
    fill(stage.bootstrap, topics.ledger, records, partitions=True)
    group = topics.sink_group if is_ours else f"{installation.prefix}-plain"
    if is_ours:
        installation.start("sink", wait=False)
    else:
        _start_plain(installation, group)
    began = until_group(installation.has_members, group, stage.check, WITHIN_S)
    before = processor_time(stage.pids)
    ended = until_rows(installation, len(records), WITHIN_S)[-1][0]
    busy = processor_time(stage.pids).cores_since(before)
    stage.stop("sink")
    return ended - began, busy["sink"], busy["clickhouse"]


def _start_plain(installation: Installation, group: str) -> None:
    told = {
        "bootstrap": installation.stage.bootstrap,
        "input": installation.topics.ledger,
        "url": installation.stage.clickhouse_url,
        "database": installation.prefix,
        "group": group,
    }
    command = (sys.executable, "-m", "benchmarks.peers.plain_sink", json.dumps(told))
    installation.stage.start("sink", command, clean_environment())


def _insert_directly(installation: Installation, records: list[Event]) -> tuple[float, float, float]:
    header = container_header(LEDGER_BLOCK_SCHEMA)
    prefix = f"INSERT INTO {installation.prefix}.ledger FORMAT Avro\n".encode()
    insert = partial(installation.client.raw_insert, "", settings=dict(INSERT_SETTINGS))
    blocks = [container(prefix, header, len(block), _bodies(block)) for block in _blocks(records)]
    before, began = processor_time(installation.stage.pids), time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for answer in [threads.submit(insert, insert_block=block) for block in blocks]:
            answer.result(WITHIN_S)
    took = time.monotonic() - began
    return took, 0.0, processor_time(installation.stage.pids).cores_since(before)["clickhouse"]


def _blocks(records: list[Event]) -> Iterable[list[Event]]:
    return (records[start : start + BLOCK_ROWS] for start in range(0, len(records), BLOCK_ROWS))


def _bodies(block: list[Event]) -> bytes:
    return b"".join(record.value[SINGLE_OBJECT_BYTES:] for record in block)


def _cores_table(cores: dict[str, list[tuple[float, float]]]) -> Table:
    rows = [
        [label, *(f"{middle([each[at] for each in found]):.2f}" for at in (0, 1))] for label, found in cores.items()
    ]
    return Table("Cores kept busy meanwhile (medians)", ["", "sink process", "ClickHouse"], rows)
