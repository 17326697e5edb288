"""A program that records until it has done, or is killed: `python -m tests.faults.recording_program OPTIONS`.

OPTIONS is JSON, see `Options`. Where it sends and where its spool lies is in the environment. Each event for which
`record()` returned is told with one write to standard output: `told RUN INSTANCE NUMBER EVENT_ID`, or `dropped ...` for
one that found no room. At the end the Recorder's counts are told: `status JSON`.
"""

import json
import os
import random
import sys
import threading
import time
from dataclasses import asdict, dataclass

from chatsnapshot.recording import Recorder, Run
from chatsnapshot_schemas.errors import SpoolFull


@dataclass(frozen=True)
class Options:
    """What to do."""

    seed: int
    name: str
    """Beginning of the runs' names: recorders of one name record into the same runs."""
    runs: int = 5
    events: int = 0
    """For each thread of each process; 0: until killed."""
    threads: int = 1
    pause_s: float = 0.0
    """After each event."""
    payload_chars: int = 200
    forks: int = 0
    """So many times, in the middle, the main thread forks; parent and child both go on, each to its own end."""
    policy: str = "block_then_drop"
    until_full: int = 0
    """First record until so many events found no room, say `full`, and flush."""
    flush_s: float = 60.0


class Program:
    """One process and, after a fork, the other."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.recorder = Recorder.connect(service="faults", spool_policy=options.policy)  # type: ignore[arg-type]
        self.refused = 0
        self._forked: list[int] = []

    def main(self) -> int:
        """Record, flush, say what came of it."""
        if self.options.until_full:
            self._fill()
        others = [threading.Thread(target=self._record, args=(each, 0)) for each in range(1, self.options.threads)]
        for thread in others:
            thread.start()
        is_child = self._record(0, self.options.forks)
        for thread in [] if is_child else others:
            thread.join()
        self.recorder.flush(self.options.flush_s)
        self.recorder.close()
        _say("status", json.dumps({**asdict(self.recorder.status()), "refused": self.refused}, default=str))
        return max((os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in self._forked), default=0)

    def _record(self, thread: int, forks: int) -> bool:
        """Whether this is a child now."""
        choices = random.Random(f"{self.options.seed} {thread}")
        runs = [self.recorder.run(f"{self.options.name}-{number}") for number in range(self.options.runs)]
        fork_at = choices.sample(range(self.options.events), forks)
        is_child, number = False, 0
        while not 0 < self.options.events <= number:
            if number in fork_at and not is_child:
                child = os.fork()
                is_child = child == 0
                self._forked = [] if is_child else [*self._forked, child]
            self._one(choices.choice(runs), number)
            number += 1
        return is_child

    def _fill(self) -> None:
        runs = [self.recorder.run(f"{self.options.name}-{number}") for number in range(self.options.runs)]
        number = 0
        while self.recorder.status().dropped + self.refused < self.options.until_full:
            self._one(runs[number % len(runs)], number)
            number += 1
        _say("full", str(number))
        self.recorder.flush(self.options.flush_s)

    def _one(self, run: Run, number: int) -> None:
        content = f"{number} " + "x" * self.options.payload_chars
        dropped = self.recorder.status().dropped
        try:
            event = run.record("execution.message", {"role": "user", "content": content})
        except SpoolFull:
            self.refused += 1
        else:
            what = "told" if self.recorder.status().dropped == dropped else "dropped"
            _say(what, f"{run.id} {event.source.instance} {event.source_seq} {event.event_id}")
        if self.options.pause_s:
            time.sleep(self.options.pause_s)


def _say(what: str, text: str) -> None:
    """In one write, past every buffer: a kill cuts no line, a fork repeats none."""
    os.write(sys.stdout.fileno(), f"{what} {text}\n".encode())


if __name__ == "__main__":
    sys.exit(Program(Options(**json.loads(sys.argv[1]))).main())
