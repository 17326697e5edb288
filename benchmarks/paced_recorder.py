"""Records events at a fixed rate through a Recorder, as an application does.

`python -m benchmarks.paced_recorder '{"rate": ..., "seconds": ..., "runs": ...}'`; where to is in its environment.
"""

import json
import random
import sys
import time
from typing import Any

from benchmarks.load_process import paced, wait_for_go
from benchmarks.workload import EVENTS_PER_RUN, payload_text
from chatsnapshot import Recorder

FLUSH_WITHIN_S = 120.0


class OpenRuns:
    """So many runs at a time; one that has its events makes way for a new one."""

    def __init__(self, recorder: Recorder, count: int) -> None:
        self._recorder = recorder
        self._chooser = random.Random(1)
        self._runs = [recorder.run() for _ in range(count)]
        self._numbers = [0] * count
        self._last: list[Any] = [None] * count

    def record(self, due: int) -> None:
        """`due` events, each caused by the one before it in its run."""
        for _ in range(due):
            which = self._chooser.randrange(len(self._runs))
            number = self._numbers[which]
            event_type, payload = payload_text(number)
            self._last[which] = self._runs[which].record(event_type, payload, cause=self._last[which])
            self._numbers[which] = number + 1
            if number + 1 >= EVENTS_PER_RUN:
                self._runs[which], self._numbers[which], self._last[which] = self._recorder.run(), 0, None


def main(told: dict[str, Any]) -> None:
    recorder = Recorder.connect(service="bench")
    runs = OpenRuns(recorder, told["runs"])
    wait_for_go()
    began = time.time()
    behind = paced(told["rate"], told["seconds"], runs.record)
    recorded_s = time.time() - began
    recorder.flush(FLUSH_WITHIN_S)
    status = recorder.status()
    answer = {
        "recorded": status.recorded,
        "acknowledged": status.acknowledged,
        "began": began,
        "seconds": recorded_s,
        "behind_s": behind,
    }
    recorder.close()
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
