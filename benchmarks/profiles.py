"""Where the time goes: a role under load with a sampling profiler inside."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.filling import fill, ledger_records
from benchmarks.installation import Installation
from benchmarks.load_process import LoadProcess
from benchmarks.options import Options
from benchmarks.profile_text import profile_text
from benchmarks.progress import say
from benchmarks.row_watching import until_rows
from benchmarks.stage import Stage
from benchmarks.topic_reading import Watch
from benchmarks.workload import backlog

EVENTS = 200_000
CALLS = 300_000
WITHIN_S = 240.0


def profile(name: str, options: Options) -> str:
    """The profile as text. Raises BenchmarkFailed."""
    with Stage(options.folder) as stage:
        stacks = stage.folder / "stacks.json"
        say(f"profiling {name}")
        events = _PROFILES[name](Installation(stage), stacks, options)
        return profile_text(json.loads(stacks.read_text("utf-8")), events)


def _sequencer(installation: Installation, stacks: Path, options: Options) -> int:
    events = backlog(options.count(EVENTS))
    installation.migrate(tables=False)
    fill(installation.stage.bootstrap, installation.topics.events, events.events)
    with Watch(installation.stage.bootstrap, installation.topics.ledger) as watch:
        installation.start("sequencer", _sampled(stacks))
        watch.until(events.distinct, WITHIN_S, installation.stage.check)
    installation.stage.stop("sequencer")
    return len(events.events)


def _sink(installation: Installation, stacks: Path, options: Options) -> int:
    records = list(ledger_records(backlog(options.count(EVENTS), duplicates=False).events))
    installation.migrate()
    fill(installation.stage.bootstrap, installation.topics.ledger, records, partitions=True)
    installation.start("sink", _sampled(stacks))
    until_rows(installation, len(records), WITHIN_S)
    installation.stage.stop("sink")
    return len(records)


def _record(installation: Installation, stacks: Path, options: Options) -> int:
    installation.migrate(tables=False)
    told = {"what": "record", "calls": options.count(CALLS), "per_s": 0}
    wrapper = ("benchmarks.sampling", str(stacks))
    with LoadProcess("benchmarks.record_calls", told, installation.environment, wrapper) as process:
        process.go()
        process.answer()
    return options.count(CALLS)


def _sampled(stacks: Path) -> tuple[str, ...]:
    return (sys.executable, "-m", "benchmarks.sampling", str(stacks), "chatsnapshot")


_PROFILES: dict[str, Callable[[Installation, Path, Options], int]] = {
    "sequencer": _sequencer,
    "sink": _sink,
    "record": _record,
}
PROFILES = tuple(_PROFILES)
