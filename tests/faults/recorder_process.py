"""Real producers: processes that record with `Recorder.connect`, what they were told, and what the ledger has of it."""

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from tests.faults.lab import Lab
from tests.faults.recording_program import Options
from tests.pipeline.sequencer_installation import eventually
from tests.pipeline.worker_process import REPOSITORY, WITHIN_S


class Told(NamedTuple):
    """An event for which `record()` returned."""

    run: str
    instance: str
    number: int
    event_id: str


@dataclass
class RecorderProcess:
    """One program that records; those with the same `folder` share a spool root: one adopts another's spool."""

    url: str
    prefix: str
    folder: Path
    options: Options
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    module: str = "tests.faults.recording_program"

    @property
    def spools(self) -> Path:
        """The root of the spools."""
        return self.folder / "spool"

    @property
    def out(self) -> Path:
        return self.folder / f"{self.options.name}-{self.options.seed}.out"

    @property
    def log(self) -> Path:
        return self.out.with_suffix(".log")

    def start(self) -> "RecorderProcess":
        """Begin to record."""
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CHATSNAPSHOT_")}
        told = {"URL": self.url, "TOPIC_PREFIX": self.prefix, "DATA_DIR": str(self.folder), **self.environment}
        environment = kept | {f"CHATSNAPSHOT_{name}": value for name, value in told.items()}
        command = [sys.executable, "-m", self.module, json.dumps(asdict(self.options))]
        with self.out.open("ab") as out, self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=out, stderr=log)
        return self

    def told(self) -> list[Told]:
        """The events that were accepted so far."""
        return self._events("told")

    def dropped(self) -> list[Told]:
        """The events that found no room and used up their numbers."""
        return self._events("dropped")

    def wait_full(self) -> None:
        """Until it found its spool full as often as it was told to."""
        eventually(lambda: any(line.startswith("full ") for line in self._lines()) or None)

    def wait_told(self, count: int) -> list[Told]:
        """At least so many of them, while it runs."""

        def enough() -> list[Told] | None:
            told = self.told()
            assert len(told) >= count or self.process is None or self.process.poll() is None, self.log.read_text()
            return told if len(told) >= count else None

        return eventually(enough)

    def statuses(self) -> list[dict[str, Any]]:
        """What the Recorder of each process that ended in order said of itself."""
        return [json.loads(line.partition(" ")[2]) for line in self._lines() if line.startswith("status ")]

    def wait(self, within_s: float = WITHIN_S) -> list[Told]:
        """Until it has ended in order; what it was told."""
        assert self.process is not None
        assert self.process.wait(within_s) == 0, self.log.read_text()
        return self.told()

    def kill(self) -> list[Told]:
        """SIGKILL; what it was told before."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(WITHIN_S)
        return self.told()

    def _events(self, what: str) -> list[Told]:
        lines = (line.split() for line in self._lines() if line.startswith(f"{what} "))
        return [Told(run, instance, int(number), event_id) for _, run, instance, number, event_id in lines]

    def _lines(self) -> list[str]:
        return [line for line in self.out.read_text().splitlines(keepends=True) if line.endswith("\n")]


@dataclass
class Recorders:
    """The producers of one laboratory, with random choices of its own; all killed at the end that still run."""

    lab: Lab
    url: str = ""
    made: list[RecorderProcess] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.url = self.url or f"kafka://{self.lab.bootstrap}"

    @property
    def choices(self) -> random.Random:
        return self.lab.choices

    def process(
        self, name: str = "p", *, folder: str = "recorders", environment: dict[str, str] | None = None, **options: Any
    ) -> RecorderProcess:
        """Not started; `options` of `Options`."""
        chosen = Options(seed=self.choices.randrange(1 << 30), name=name, **options)
        told = {**self.environment, **(environment or {})}
        process = RecorderProcess(self.url, self.lab.topics.prefix, self.lab.folder / folder, chosen, told)
        self.made.append(process)
        self.lab.stillness.start()
        return process

    def send_leftovers(self, folder: str = "recorders", **environment: str) -> RecorderProcess:
        """A next start on the same spool root: it adopts what the dead left, records one event and sends all."""
        return _ended(self.process("next", folder=folder, environment=environment, runs=1, events=1).start())

    def told(self) -> list[Told]:
        """What all of them were told."""
        return [each for process in self.made for each in process.told()]

    def __enter__(self) -> "Recorders":
        return self

    def __exit__(self, *_: object) -> None:
        for each in self.made:
            if each.process is not None and each.process.poll() is None:
                each.kill()


def _ended(process: RecorderProcess) -> RecorderProcess:
    process.wait()
    return process


def assert_recorded(lab: Lab, told: Iterable[Told], *, lost: Iterable[Told] = ()) -> None:
    """The ledger has each of these exactly once, in the order of its source; `lost`: those that it cannot have.

    The numbers of an instance in a run begin at 0 and leave none out but the lost.
    """
    lost_ids = {each.event_id for each in lost}
    expected = {each.event_id for each in told} - lost_ids
    records = lab.installation.ledger()
    found = Counter(record["envelope"]["event_id"] for record in records)
    missing, doubled = expected - found.keys(), [each for each, count in found.items() if count > 1]
    assert not missing, f"{len(missing)} of {len(expected)} events that were accepted are not recorded"
    assert not doubled, f"{len(doubled)} events are recorded twice"
    assert not lost_ids & found.keys(), "events that were lost on purpose are recorded"
    numbers: dict[tuple[str, str], list[int]] = {}
    for record in records:
        source = record["envelope"]["source"]
        whose = (record["envelope"]["correlation_id"], source["instance"])
        numbers.setdefault(whose, []).append(record["envelope"]["source_seq"])
    without = {(each.run, each.instance, each.number) for each in lost}
    for (run, instance), seen in numbers.items():
        whole = [number for number in range(seen[-1] + 1) if (run, instance, number) not in without]
        assert seen == whole, f"{run} {instance}: {seen[:20]}"
