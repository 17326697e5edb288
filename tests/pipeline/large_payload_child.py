"""Records events, prints their ids, waits to be killed: `python -m tests.pipeline.large_payload_child RUN SIZE...`."""

import sys
import time

from chatsnapshot.recording import Recorder

LARGE = {"role": "user", "content": "x" * 5_000_000}
KILLED_WITHIN_S = 300

if __name__ == "__main__":
    run = Recorder.connect().run(sys.argv[1])
    for size in sys.argv[2:]:
        payload = LARGE if size == "large" else {"role": "user", "content": "small"}
        print(run.record("execution.message", payload).event_id, flush=True)
    time.sleep(KILLED_WITHIN_S)
