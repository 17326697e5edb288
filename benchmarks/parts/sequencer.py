"""How fast a backlog becomes ledger records: ours, and the same job in other hands."""

import time
from collections import defaultdict

from benchmarks.contenders import Contender, output_topic, sequencers
from benchmarks.failing import BenchmarkFailed
from benchmarks.filling import fill
from benchmarks.installation import Installation
from benchmarks.ledger_check import check_ledger
from benchmarks.measures import PartResult, Table
from benchmarks.options import Options
from benchmarks.processor_time import processor_time
from benchmarks.progress import say
from benchmarks.spread import middle, steady_rate
from benchmarks.stage import Stage
from benchmarks.topic_reading import Watch, values
from benchmarks.workload import Backlog, backlog

NAME = "sequencer"
TITLE = "Sequencer: from the events topic to the ledger topic"
EVENTS = 200_000
WITHIN_S = 180.0

METHOD = """\
A backlog of {count:,} messages ({size:.0f} bytes each on average, {runs:,} runs, one in a hundred sent twice) lies
in the events topic, 8 partitions. Each contender runs alone, as one process, and turns it into the same ledger
records: decode, drop duplicates, check the cause, number, chain with SHA-256, encode, produce. A read_committed
reader counts what becomes visible; events/s is from the first sight of a record to the last, so starting up is not
in it (it is in the second table). Afterwards every record of every contender is read and checked: dense numbers,
unbroken chains, causes before effects, no event twice. The order of the contenders is reversed in every other
repeat. Faust gets a quarter of the backlog, or it would take most of the time.

Not the same: ours also checks every rule of the envelope and its canonical bytes, checks source numbers for gaps,
can hold events for late causes, and keeps its state over a crash; the bare loop and the Faust agent keep theirs in
a dict and lose it."""


def run(options: Options) -> PartResult:
    """Every contender in every repeat, on a fresh copy of the same backlog."""
    events = backlog(options.count(EVENTS))
    contenders = sequencers(options.peers_python if options.has_peers else None)
    runs = len({event.key for event in events.events})
    result = PartResult(NAME, TITLE, compare_with=f"{NAME}.ours")
    result.method = METHOD.format(count=len(events.events), size=events.value_bytes_mean, runs=runs)
    if not options.has_peers:
        result.failed = "Quix Streams was left out: its environment is not there (make bench makes it)"
    cost: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    with Stage(options.folder) as stage:
        for repeat in range(options.repeat):
            installation = Installation(stage).migrate(tables=False)
            fill(stage.bootstrap, installation.topics.events, events.events)
            for contender in contenders if repeat % 2 == 0 else reversed(contenders):
                try:
                    rate, *costs = _measure(installation, contender, events)
                except BenchmarkFailed as error:
                    result.failed = f"{contender.label}: {error}"
                    say(f"{NAME}: {result.failed}")
                    continue
                result.add(f"{NAME}.{contender.name}", contender.label, "events/s", rate, is_ours=contender.is_ours)
                cost[contender.label].append((costs[0], costs[1], costs[2]))
                say(f"{NAME} {repeat + 1}/{options.repeat}: {contender.label}: {rate:,.0f} events/s")
            installation.drop()
    result.tables.append(_cost_table(cost))
    return result


def _measure(installation: Installation, contender: Contender, events: Backlog) -> tuple[float, float, float, float]:
    """events/s, seconds to the first record, microseconds of its own and of the broker's processor an event."""
    stage, output = installation.stage, output_topic(contender, installation)
    wanted = max(1, round(events.distinct * contender.share))
    with Watch(stage.bootstrap, output) as watch:
        before, began = processor_time(stage.pids), time.monotonic()
        contender.start(installation, output)
        try:
            watch.until(wanted, WITHIN_S, stage.check)
            after = processor_time(stage.pids)
        finally:
            stage.stop("sequencer")
    own, broker = after.seconds["sequencer"], after.seconds["kafka"] - before.seconds["kafka"]
    found = check_ledger(values(stage.bootstrap, output), contender.label)
    if found < wanted or (contender.share == 1.0 and found != events.distinct):
        raise BenchmarkFailed(f"{contender.label}: {found} records, {wanted} expected")
    seen = watch.seen
    count = seen[-1][1]
    return steady_rate(seen, began), seen[0][0] - began, own / count * 1e6, broker / count * 1e6


def _cost_table(cost: dict[str, list[tuple[float, float, float]]]) -> Table:
    """What the rates come from; medians."""
    columns = ["", "start to first record, s", "its processor time an event, us", "the broker's, us"]
    rows = [
        [label, *(f"{middle([each[at] for each in found]):.{digits}f}" for at, digits in ((0, 1), (1, 0), (2, 0)))]
        for label, found in cost.items()
    ]
    return Table("Start-up and cost (processor time includes start-up)", columns, rows)
