"""The whole path under a steady stream: at which rate does the lag begin to grow?"""

import time
from collections import defaultdict
from dataclasses import dataclass

from benchmarks.installation import Installation
from benchmarks.load_process import LoadProcess
from benchmarks.measures import PartResult, Table
from benchmarks.options import Options
from benchmarks.processor_time import ProcessorTime, processor_time
from benchmarks.progress import say
from benchmarks.row_watching import until_rows
from benchmarks.spread import growth_per_s, middle
from benchmarks.stage import Stage, clean_environment
from benchmarks.topic_reading import EndOffsets

NAME = "sustained"
TITLE = "Whole path: a steady stream"
RATES = (10_000, 15_000, 20_000)
SECONDS = 20.0
SAMPLE_S = 0.25
GROWTH_MAX = 0.03
"""Of the rate: below it the lag counts as steady; the sawtooth of two inserts a second moves it by about 1 %."""
DRAIN_WITHIN_S = 120.0
ROLES = ("kafka", "clickhouse", "sequencer", "sink", "http", "producer")

METHOD = """\
The four processes of the embedded stack, broker and engine run on this machine, and beside them a producer
(librdkafka, acks=all, events of about 350 bytes in many runs, encoded before) that sends at a fixed rate for
{seconds:.0f} s. Four times a second: messages in the events topic less rows that a query sees is the lag. A rate is
sustained when the lag of the last third of the time is, per second, less than {growth:.0%} of the rate above that
of the second third. Rates are tried upwards until one is not sustained. Afterwards all rows must come."""


@dataclass
class Step:
    """One rate."""

    rate: float
    queryable_per_s: float
    lag_growth_per_s: float
    lag_at_end: float
    drained_s: float
    cores: dict[str, float]

    @property
    def is_sustained(self) -> bool:
        """The lag did not grow."""
        return self.lag_growth_per_s < GROWTH_MAX * self.rate


def run(options: Options) -> PartResult:
    """Every rate in every repeat, each on fresh topics and tables."""
    seconds = options.seconds(SECONDS)
    result = PartResult(NAME, TITLE, METHOD.format(seconds=seconds, growth=GROWTH_MAX))
    steps: dict[int, list[Step]] = defaultdict(list)
    with Stage(options.folder) as stage:
        for repeat in range(options.repeat):
            tried = _climb(stage, seconds, f"{NAME} {repeat + 1}/{options.repeat}")
            for step in tried:
                steps[round(step.rate)].append(step)
            capacity = max(step.queryable_per_s for step in tried)
            held = [step.rate for step in tried if step.is_sustained]
            result.add(
                f"{NAME}.rate",
                "highest rate sustained (or what came through)",
                "events/s",
                max(held, default=capacity),
            )
            result.add(f"{NAME}.capacity", "most that became queryable in a second", "events/s", capacity)
    result.tables += [_step_table(steps), _cores_table(steps)]
    return result


def _climb(stage: Stage, seconds: float, said: str) -> list[Step]:
    tried: list[Step] = []
    for rate in RATES:
        step = _step(Installation(stage), rate, seconds)
        tried.append(step)
        held = "sustained" if step.is_sustained else f"lag grows by {step.lag_growth_per_s:,.0f} a second"
        say(f"{said}: {rate:,} events/s: {held}, {step.queryable_per_s:,.0f} rows/s")
        if not step.is_sustained:
            break
    return tried


def _step(installation: Installation, rate: int, seconds: float) -> Step:
    stage = installation.stage
    installation.migrate()
    for role in ("sequencer", "sink", "http"):
        installation.start(role)
    told = {
        "bootstrap": stage.bootstrap,
        "topic": installation.topics.events,
        "rate": rate,
        "seconds": seconds,
        "seed": rate,
    }
    with LoadProcess("benchmarks.paced_producer", told, clean_environment()) as producer:
        producer.go()
        pids = {**stage.pids, "producer": producer.pid}
        lag, rows, cores = _sampled(installation, seconds, pids)
        sent = producer.answer()["sent"]
    stopped = time.monotonic()
    until_rows(installation, sent, DRAIN_WITHIN_S)
    drained = time.monotonic() - stopped
    for role in ("http", "sink", "sequencer"):
        stage.stop(role)
    installation.drop()
    late = rows[len(rows) // 3 :]
    per_s = (late[-1][1] - late[0][1]) / (late[-1][0] - late[0][0])
    return Step(rate, per_s, growth_per_s(lag), lag[-1][1], drained, cores)


def _sampled(
    installation: Installation, seconds: float, pids: dict[str, int]
) -> tuple[list[tuple[float, float]], list[tuple[float, int]], dict[str, float]]:
    """(time, lag) and (time, rows) while the producer sends, and the cores that each process kept busy."""
    ends = EndOffsets(installation.stage.bootstrap, installation.topics.events)
    lag: list[tuple[float, float]] = []
    rows: list[tuple[float, int]] = []
    began: ProcessorTime = processor_time(pids)
    while time.monotonic() < began.at + seconds:
        produced, queryable, now = ends.count(), installation.rows(), time.monotonic()
        lag.append((now, produced - queryable))
        rows.append((now, queryable))
        installation.stage.check()
        time.sleep(SAMPLE_S)
    cores = processor_time(pids).cores_since(began)
    ends.close()
    return lag, rows, cores


def _step_table(steps: dict[int, list[Step]]) -> Table:
    columns = ["rate", "sustained", "rows/s that became queryable", "lag at the end, s", "drained after, s"]
    rows = [
        [
            f"{rate:,}",
            f"{sum(step.is_sustained for step in found)} of {len(found)}",
            f"{middle([step.queryable_per_s for step in found]):,.0f}",
            f"{middle([step.lag_at_end / step.rate for step in found]):.1f}",
            f"{middle([step.drained_s for step in found]):.1f}",
        ]
        for rate, found in steps.items()
    ]
    return Table("Steps (medians)", columns, rows)


def _cores_table(steps: dict[int, list[Step]]) -> Table:
    rows = [
        [f"{rate:,}", *(f"{middle([step.cores.get(role, 0.0) for step in found]):.2f}" for role in ROLES)]
        for rate, found in steps.items()
    ]
    return Table("Cores kept busy meanwhile (medians)", ["rate", *ROLES], rows)
