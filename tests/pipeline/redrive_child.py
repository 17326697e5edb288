"""`chatsnapshot quarantine ...` that kills itself: `python -m tests.pipeline.redrive_child STEP ARGUMENT...`.

STEP: `produced`, everything is with the broker and the commit is not asked for; `committed`, the answer is not seen;
with `:N` the N-th time; with `:N:RECORDS` in batches of so many.
"""

import itertools
import os
import signal
import sys

from confluent_kafka import Producer

from chatsnapshot.cli.app import main
from chatsnapshot.redriving import redriver
from chatsnapshot_processors.redrive import writer

STEP, *NUMBERS = sys.argv[1].split(":")
LEFT = itertools.count(int(NUMBERS[0]) - 1 if NUMBERS else 0, -1)


class Mortal(Producer):
    """Dies around one of its commits."""

    def commit_transaction(self, *timeout: float) -> None:
        is_last = next(LEFT) == 0
        if is_last and STEP == "produced":
            self.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        super().commit_transaction(*timeout)
        if is_last:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    setattr(writer, "Producer", Mortal)  # noqa: B010  no name that it exports
    if len(NUMBERS) > 1:
        redriver.BATCH_RECORDS_MAX = int(NUMBERS[1])
    sys.exit(main(sys.argv[2:]))
