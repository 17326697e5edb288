"""What one call of `record()` costs the application that makes it."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from benchmarks.installation import Installation
from benchmarks.load_process import LoadProcess
from benchmarks.measures import PartResult, Table
from benchmarks.options import Options
from benchmarks.progress import say
from benchmarks.spread import middle
from benchmarks.stage import Stage, clean_environment
from chatsnapshot.embedded.ports import LOOPBACK, free_port

NAME = "record"
TITLE = "record(): microseconds a call"
CALLS = 100_000
PACED_CALLS = 10_000
PACED_PER_S = 2_000
FSYNC_CALLS = 3_000
"""Each waits for the disk."""

METHOD = """\
One thread calls `record()` with a payload of 350 bytes (JSON text) over 100 runs; each call is timed alone with
`perf_counter_ns`, after 2,000 calls of warming up. The spool is on the disk named above. *Live*: the publisher
thread sends to the broker meanwhile and competes for the interpreter's lock. *Back to back* is the hardest case: no
application does nothing but record. Python's garbage collector is on, as in any application; its pauses are within
the figures and listed. The last row is the machine's own noise: about 20 us of arithmetic without any input or
output, timed the same way. Beside it what an application would otherwise do with the fact: a line to a log file, or
librdkafka's `produce()` call, which keeps the event in memory only."""


@dataclass(frozen=True)
class Case:
    """One way of calling."""

    name: str
    label: str
    what: str
    calls: int
    per_s: int = 0
    destination: str = "live"
    fsync: bool = False

    @property
    def is_ours(self) -> bool:
        """Whether it is ChatSnapshot."""
        return self.what == "record"


CASES = (
    Case("live", "record(), live broker, back to back", "record", CALLS),
    Case("paced", "record(), live broker, 2,000 a second", "record", PACED_CALLS, per_s=PACED_PER_S),
    Case("away", "record(), no broker, back to back", "record", CALLS, destination="away"),
    Case("fsync", "record(), live broker, fsync on", "record", FSYNC_CALLS, fsync=True),
    Case("logging", "logging to a file", "logging", CALLS),
    Case("produce", "confluent-kafka produce() alone", "produce", CALLS),
    Case("noise", "20 us of arithmetic (the machine's noise)", "nothing", CALLS),
)


def run(options: Options) -> PartResult:
    """Every case in every repeat, each in a process of its own."""
    result = PartResult(NAME, TITLE, METHOD)
    found: dict[str, list[dict[str, float]]] = defaultdict(list)
    with Stage(options.folder) as stage:
        for repeat in range(options.repeat):
            installation = Installation(stage).migrate(tables=False)
            for case in CASES if repeat % 2 == 0 else reversed(CASES):
                figures = _measure(installation, case, options)
                found[case.label].append(figures)
                for what in ("p50", "p99", "p99.9"):
                    result.add(
                        f"{NAME}.{case.name}.{what}", f"{case.label}, {what}", "us", figures[what], is_ours=case.is_ours
                    )
                p50, p99 = figures["p50"], figures["p99"]
                say(f"{NAME} {repeat + 1}/{options.repeat}: {case.label}: p50 {p50:.0f}, p99 {p99:.0f} us")
            installation.drop()
    result.tables.append(_table(found))
    return result


def _measure(installation: Installation, case: Case, options: Options) -> dict[str, float]:
    told: dict[str, Any] = {
        "what": case.what,
        "calls": options.count(case.calls),
        "per_s": case.per_s,
        "bootstrap": installation.stage.bootstrap,
        "topic": installation.topics.events,
        "folder": str(installation.stage.folder),
    }
    environment = clean_environment() | {
        "CHATSNAPSHOT_DATA_DIR": str(installation.stage.folder / f"{installation.prefix}-{case.name}"),
        "CHATSNAPSHOT_KAFKA_BOOTSTRAP_SERVERS": installation.stage.bootstrap,
        "CHATSNAPSHOT_TOPIC_PREFIX": installation.prefix,
        "CHATSNAPSHOT_SPOOL_FSYNC": "1" if case.fsync else "0",
        "CHATSNAPSHOT_FLUSH_AT_EXIT_S": "0",
    }
    if case.destination == "away":
        environment["CHATSNAPSHOT_KAFKA_BOOTSTRAP_SERVERS"] = f"{LOOPBACK}:{free_port()}"
    with LoadProcess("benchmarks.record_calls", told, environment) as process:
        process.go()
        return process.answer()


def _table(found: dict[str, list[dict[str, float]]]) -> Table:
    columns = ["", "longest call, us", "calls/s", "runs of the collector", "its longest pause, us"]
    keys = ("max", "per_s", "collections", "collection_max")
    rows = [
        [label, *(f"{middle([each[key] for each in figures]):,.0f}" for key in keys)]
        for label, figures in found.items()
    ]
    return Table("What else was seen (medians of the repeats)", columns, rows)
