"""What every process holds in memory while a million events pass."""

import time

from benchmarks.failing import BenchmarkFailed
from benchmarks.installation import Installation
from benchmarks.load_process import LoadProcess
from benchmarks.measures import Curve, PartResult, Table
from benchmarks.options import Options
from benchmarks.processor_time import memory_mb
from benchmarks.progress import say
from benchmarks.stage import Stage

NAME = "memory"
TITLE = "Memory over a million events"
EVENTS = 1_000_000
RATE = 8_000
"""Below what the whole path sustains, so that what is measured is not the lag."""
RUNS = 500
SAMPLE_S = 1.0
MARKS = (("start", 0.0), ("after 10 %", 0.1), ("after 50 %", 0.5), ("at the end", 1.0))
ROLES = ("kafka", "clickhouse", "sequencer", "sink", "http", "producer")
DRAIN_WITHIN_S = 240.0
SAY_EVERY = 15

METHOD = """\
An application records {count:,} events at {rate:,} a second ({runs} runs open at a time, 50 events each), with
every process of the embedded stack running; `/v1/runs` is asked once a second. Resident memory of each process is
read once a second. Marks are by rows that can be queried. Kafka's heap is limited to 1 GiB, the engine to half of
the machine's memory; what both hold beyond that is the file cache's. Growth is the end against the half: what is
bounded stays flat there."""


def run(options: Options) -> PartResult:
    """Once: it is a curve, not a rate."""
    count = options.count(EVENTS)
    result = PartResult(NAME, TITLE, METHOD.format(count=count, rate=RATE, runs=RUNS), repeat=1, hides_measures=True)
    with Stage(options.folder) as stage:
        samples = _sampled(Installation(stage).migrate(), count)
    result.curves = [
        Curve(role, [[float(rows), round(memory[role], 1)] for rows, memory in samples if role in memory])
        for role in ROLES
    ]
    result.tables.append(_table(samples, count))
    for role in ROLES:
        growth = _at(samples, role, count) / max(1.0, _at(samples, role, count // 2))
        result.add(f"{NAME}.{role}.max", f"{role}, most", "MiB", max(memory.get(role, 0.0) for _, memory in samples))
        result.add(f"{NAME}.{role}.growth", f"{role}, end against half", "times", growth)
    worst = max(result.measure(f"{NAME}.{role}.growth", "", "").values[0] for role in ROLES)
    result.add(f"{NAME}.growth", "every process, end against half, worst", "times", worst)
    return result


def _sampled(installation: Installation, count: int) -> list[tuple[int, dict[str, float]]]:
    """(rows that can be queried, memory by process) once a second until all are there."""
    import httpx

    stage = installation.stage
    for role in ("sequencer", "sink", "http"):
        installation.start(role)
    told = {"rate": RATE, "seconds": count / RATE, "runs": RUNS}
    samples: list[tuple[int, dict[str, float]]] = []
    with (
        httpx.Client(base_url=installation.http_url, timeout=30, trust_env=False) as http,
        LoadProcess("benchmarks.paced_recorder", told, installation.environment) as producer,
    ):
        producer.go()
        pids = {**stage.pids, "producer": producer.pid}
        give_up = time.monotonic() + count / RATE + DRAIN_WITHIN_S
        rows = 0
        while rows < count:
            samples.append((rows, memory_mb(pids)))
            stage.check()
            http.get("/v1/runs", params={"limit": 50}).raise_for_status()
            if len(samples) % SAY_EVERY == 0:
                say(f"{NAME}: {rows:,} of {count:,} rows")
            time.sleep(SAMPLE_S)
            rows = installation.rows()
            if time.monotonic() > give_up:
                raise BenchmarkFailed(f"{rows} of {count} rows came")
        samples.append((rows, memory_mb(pids)))
        if producer.answer()["acknowledged"] != count:
            raise BenchmarkFailed("the producer could not deliver everything")
    return samples


def _at(samples: list[tuple[int, dict[str, float]]], role: str, rows: float) -> float:
    """The first sample of a process with so many rows; its last one when it had ended by then."""
    known = [(seen, memory[role]) for seen, memory in samples if role in memory]
    if not known:
        return 0.0
    return next((held for seen, held in known if seen >= rows), known[-1][1])


def _table(samples: list[tuple[int, dict[str, float]]], count: int) -> Table:
    rows = []
    for role in ROLES:
        marks = [f"{_at(samples, role, share * count):,.0f}" for _, share in MARKS]
        most = max((memory[role] for _, memory in samples if role in memory), default=0.0)
        growth = _at(samples, role, count) / max(1.0, _at(samples, role, count // 2))
        rows.append([role, *marks, f"{most:,.0f}", f"{growth:.2f}x"])
    names = ["start", *(f"after {round(share * count):,}" for _, share in MARKS[1:]), "most", "end against half"]
    return Table("Resident memory, MiB", ["process", *names], rows)
