"""Sequencers with a fault in them, for a lab."""

import random
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.faults.lab import Lab
from tests.pipeline.sequencer_installation import Worker

T = TypeVar("T")


@dataclass
class FaultySequencer(Worker):
    """One process. `faults` as in `tests.faults.sequencer_process`."""

    module = "tests.faults.sequencer_process"

    faults: dict[str, Any] = field(default_factory=dict)

    def arguments(self) -> dict[str, Any]:
        return {**self.told, "faults": self.faults}


def faulty_sequencer(lab: Lab, name: str, faults: dict[str, Any], **changes: Any) -> FaultySequencer:
    """Not started; ended with the lab."""
    plain = lab.installation.worker(name, **changes)
    worker = FaultySequencer(plain.told, plain.log, faults=faults)
    lab._started.append(worker)
    return worker


def die_at(lab: Lab, step: str, count: int, faults: dict[str, Any] | None = None, **changes: Any) -> None:
    """Run a sequencer until it kills itself when `step` happens for the `count`-th time."""
    worker = faulty_sequencer(lab, f"dies-{step}", {"kill": [step, count], **(faults or {})}, **changes).start()
    assert worker.wait() == -signal.SIGKILL, worker.said()
    assert f"killed at {step}" in worker.said()


def shuffled(choices: random.Random, inputs: list[T], window: int = 40) -> list[T]:
    """The inputs with every one at most `window` places from where it was: many have to be held for a moment."""
    return [one for part in _parts(inputs, window) for one in choices.sample(part, len(part))]


def _parts(inputs: list[T], window: int) -> Iterator[list[T]]:
    for at in range(0, len(inputs), window):
        yield inputs[at : at + window]
