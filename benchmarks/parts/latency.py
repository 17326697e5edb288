"""From `record()` to the first query that sees the row, for every single event."""

import time
from collections import defaultdict

from benchmarks.failing import BenchmarkFailed
from benchmarks.installation import Installation
from benchmarks.load_process import LoadProcess
from benchmarks.measures import PartResult, Table
from benchmarks.options import Options
from benchmarks.progress import say
from benchmarks.spread import middle, percentile
from benchmarks.stage import Stage
from benchmarks.visibility import Seen, VisibilityWatch

NAME = "latency"
TITLE = "From record() to queryable"
RATES = (500, 2_000, 5_000)
WARM_UP_S = 5.0
SECONDS = 20.0
RUNS = 200
DRAIN_WITHIN_S = 60.0
PERCENTILES = (50, 95, 99)

METHOD = """\
The processes of the embedded stack run; an application beside them calls `record()` at a fixed rate for
{seconds:.0f} s after {warm_up:.0f} s of warming up, its events spread over {runs} open runs and so over all 8
partitions. The way is the real one: spool on disk, publisher thread, broker, sequencer, broker, sink, ClickHouse
with every projection and fsync. Every event counts: its time is from the timestamp that `record()` takes to the
answer of the first query on `ledger` that could see its row. That is found by asking every {poll:.0f} ms how many
rows there are, and when there are more, for the greatest input offset of each partition. The resolution is
therefore the distance of two polls plus a query, mean {resolution:.0f} ms here, and it always lengthens the figure.
A materialized view's rows come with the same insert, a moment after the ledger's. The parts of the way: until the
broker appended the event to the events topic (spool and publisher), and from there on (sequencer, sink, engine)."""


def run(options: Options) -> PartResult:
    """Every rate in every repeat."""
    seconds, warm_up = options.seconds(SECONDS), options.seconds(WARM_UP_S)
    result = PartResult(NAME, TITLE)
    halves: dict[int, list[tuple[float, float]]] = defaultdict(list)
    resolutions: list[float] = []
    with Stage(options.folder) as stage:
        for repeat in range(options.repeat):
            for rate in RATES:
                events, resolution = _measure(Installation(stage), rate, warm_up, seconds)
                resolutions.append(resolution)
                delays = [event.after_s for event in events]
                for percent in PERCENTILES:
                    _add(result, rate, f"p{percent}", percentile(delays, percent))
                _add(result, rate, "max", max(delays))
                halves[rate].append(_halves(events))
                p50, p99 = percentile(delays, 50), percentile(delays, 99)
                say(f"{NAME} {repeat + 1}/{options.repeat}: {rate:,}/s: p50 {p50:.2f} s, p99 {p99:.2f} s")
    result.method = METHOD.format(
        seconds=seconds, warm_up=warm_up, runs=RUNS, poll=20, resolution=middle(resolutions) * 1e3
    )
    rows = [
        [f"{rate:,}", *(f"{middle([each[at] for each in found]) * 1e3:,.0f}" for at in (0, 1))]
        for rate, found in halves.items()
    ]
    columns = ["events/s", "record() to the broker, p50, ms", "broker to queryable, p50, ms"]
    result.tables.append(Table("Where the time goes (medians)", columns, rows))
    return result


def _add(result: PartResult, rate: int, what: str, seconds: float) -> None:
    result.add(f"{NAME}.{rate}.{what}", f"{rate:,} events/s, {what}", "s", seconds)


def _measure(installation: Installation, rate: int, warm_up_s: float, seconds: float) -> tuple[list[Seen], float]:
    """The events after the warm-up, and the mean seconds between two polls."""
    stage = installation.stage
    installation.migrate()
    for role in ("sequencer", "sink", "http"):
        installation.start(role)
    told = {"rate": rate, "seconds": warm_up_s + seconds, "runs": RUNS}
    with LoadProcess("benchmarks.paced_recorder", told, installation.environment) as recorder:
        watch = VisibilityWatch(installation)
        recorder.go()
        began = time.monotonic()
        watch.watch(lambda _rows: recorder.is_done(), warm_up_s + seconds + DRAIN_WITHIN_S)
        answer = recorder.answer()
        watch.watch(lambda rows: rows >= answer["recorded"], DRAIN_WITHIN_S)
        resolution = (time.monotonic() - began) / watch.polls
    seen = watch.seen()
    if len(seen) != answer["recorded"]:
        raise BenchmarkFailed(f"{len(seen)} of {answer['recorded']} events became visible at {rate} events/s")
    for role in ("http", "sink", "sequencer"):
        stage.stop(role)
    installation.drop()
    warm_at = (answer["began"] + warm_up_s) * 1e6
    return [event for event in seen if event.recorded_us >= warm_at], resolution


def _halves(events: list[Seen]) -> tuple[float, float]:
    to_broker = [(event.appended_us - event.recorded_us) / 1e6 for event in events]
    onwards = [event.after_s - (event.appended_us - event.recorded_us) / 1e6 for event in events]
    return percentile(to_broker, 50), percentile(onwards, 50)
