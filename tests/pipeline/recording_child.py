"""Programs that record and end in various ways: `python -m tests.pipeline.recording_child WAY`."""

import os
import sys

from chatsnapshot.recording import Recorder

RUNS = 5


def burst() -> None:
    """Record until killed; print the id of each event that was accepted."""
    recorder = Recorder.connect()
    runs = [recorder.run(f"run-{number}") for number in range(RUNS)]
    number = 0
    while True:
        run = runs[number % RUNS]
        print(run.record("execution.message", {"role": "user", "content": f"number {number}"}).event_id, flush=True)
        number += 1


def fork() -> None:
    """Record in a parent with a live connection and in its child; both end in the ordinary way."""
    recorder = Recorder.connect()
    run = recorder.run("forked")
    run.record("execution.message", {"by": "parent"})
    recorder.flush(30)
    child = os.fork()
    run.record("execution.message", {"by": "parent" if child else "child"})
    if child:
        _, status = os.waitpid(child, 0)
        sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    {"burst": burst, "fork": fork}[sys.argv[1]]()
