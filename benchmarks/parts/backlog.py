"""The whole path, catching up: from a backlog in the events topic to queryable rows."""

from benchmarks.failing import BenchmarkFailed
from benchmarks.filling import fill
from benchmarks.installation import Installation
from benchmarks.measures import PartResult, Table
from benchmarks.options import Options
from benchmarks.processor_time import processor_time
from benchmarks.progress import say
from benchmarks.row_watching import until_group, until_rows
from benchmarks.spread import middle
from benchmarks.stage import Stage
from benchmarks.workload import Backlog, backlog

NAME = "backlog"
TITLE = "Whole path: a backlog becomes queryable"
EVENTS = 200_000
WITHIN_S = 240.0
ROLES = ("kafka", "clickhouse", "sequencer", "sink")

METHOD = """\
{count:,} messages of {size:.0f} bytes lie in the events topic. A sink waits for work; a sequencer is started.
events/s is from the moment the sequencer has its partitions until table `ledger` has every row, with all
projections and fsync. Broker, sequencer, sink and engine share this machine."""


def run(options: Options) -> PartResult:
    """The same backlog in every repeat."""
    events = backlog(options.count(EVENTS))
    result = PartResult(NAME, TITLE)
    result.method = METHOD.format(count=len(events.events), size=events.value_bytes_mean)
    cores: list[dict[str, float]] = []
    with Stage(options.folder) as stage:
        for repeat in range(options.repeat):
            rate, busy = _measure(Installation(stage), events)
            cores.append(busy)
            result.add(f"{NAME}.rate", "backlog to queryable", "events/s", rate)
            say(f"{NAME} {repeat + 1}/{options.repeat}: {rate:,.0f} events/s")
    row = [f"{middle([each[role] for each in cores]):.2f}" for role in ROLES]
    result.tables.append(Table("Cores kept busy meanwhile (medians)", list(ROLES), [row]))
    return result


def _measure(installation: Installation, events: Backlog) -> tuple[float, dict[str, float]]:
    stage = installation.stage
    installation.migrate()
    fill(stage.bootstrap, installation.topics.events, events.events)
    installation.start("sink")
    installation.start("sequencer", wait=False)
    began = until_group(installation.has_members, installation.topics.sequencer_group, stage.check, WITHIN_S)
    before = processor_time(stage.pids)
    ended = until_rows(installation, events.distinct, WITHIN_S)[-1][0]
    busy = processor_time(stage.pids).cores_since(before)
    once = installation.rows_once()
    if once != events.distinct:
        raise BenchmarkFailed(f"{once} rows, {events.distinct} expected")
    for role in ("sequencer", "sink"):
        stage.stop(role)
    installation.drop()
    return events.distinct / (ended - began), busy
