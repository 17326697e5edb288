"""Times every single call: `record()`, or what an application would otherwise do with the same fact.

`python -m benchmarks.record_calls '{"what": ..., "calls": ..., "per_s": ...}'` prints nanoseconds as JSON. `what`:
`record` (where to is in its environment), `logging` (a line of JSON to a file), `produce` (librdkafka's call alone),
`nothing` (20 microseconds of arithmetic: what the machine itself does to a timing). `per_s`: 0 calls back to back.
"""

import atexit
import gc
import json
import logging
import random
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.load_process import wait_for_go
from benchmarks.spread import percentile

PAYLOAD_BYTES = 350
RUNS = 100
WARM_UP = 2_000
PERCENTILES = (50, 99, 99.9)
FLUSH_WITHIN_S = 8.0


class CollectorPauses:
    """How long Python's garbage collector stopped the program."""

    def __init__(self) -> None:
        self.pauses_ns: list[int] = []
        self._began = 0
        gc.callbacks.append(self._called)

    def _called(self, phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter_ns()
        else:
            self.pauses_ns.append(time.perf_counter_ns() - self._began)


def payloads() -> list[str]:
    """JSON objects of 350 bytes each, one a run."""
    found = []
    for run in range(RUNS):
        start = f'{{"role":"assistant","model":"gpt-5","run":{run},"content":"'
        found.append(start + "x" * (PAYLOAD_BYTES - len(start) - 2) + '"}')
    return found


def recording(_told: dict[str, Any]) -> Callable[[int], object]:
    from chatsnapshot import Recorder

    # that the last events stay in the spool is no news here
    logging.getLogger("chatsnapshot").setLevel(logging.CRITICAL)
    recorder = Recorder.connect(service="bench")
    runs = [recorder.run() for _ in range(RUNS)]
    texts = payloads()

    def call(number: int) -> object:
        return runs[number % RUNS].record("execution.message", texts[number % RUNS], cause=None)

    return call


def logging_to_a_file(_told: dict[str, Any]) -> Callable[[int], object]:
    folder = Path(tempfile.mkdtemp(prefix="bench-log-", dir=_told.get("folder")))
    logger = logging.getLogger("bench")
    logger.propagate = False
    handler = logging.FileHandler(folder / "events.log")
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    texts = payloads()
    return lambda number: logger.info("%s", texts[number % RUNS])


def producing(told: dict[str, Any]) -> Callable[[int], object]:
    from confluent_kafka import Producer

    producer = Producer(
        {
            "bootstrap.servers": told["bootstrap"],
            "acks": "all",
            "enable.idempotence": True,
            "linger.ms": 5,
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    producer.list_topics(timeout=10)
    atexit.register(producer.flush, FLUSH_WITHIN_S)
    texts = [text.encode() for text in payloads()]

    def call(number: int) -> None:
        producer.produce(told["topic"], texts[number % RUNS], b"run")
        producer.poll(0)

    return call


def nothing(_told: dict[str, Any]) -> Callable[[int], object]:
    chooser = random.Random(1)

    def call(_number: int) -> int:
        value = 0
        for _ in range(600):  # about 20 us
            value += chooser.getrandbits(8)
        return value

    return call


WHAT = {"record": recording, "logging": logging_to_a_file, "produce": producing, "nothing": nothing}


def timed(call: Callable[[int], object], calls: int, per_s: float) -> Sequence[int]:
    """Nanoseconds of each call."""
    took = array("q", bytes(8 * calls))
    now = time.perf_counter_ns
    began = now()
    for number in range(calls):
        if per_s:
            time.sleep(max(0.0, number / per_s - (now() - began) / 1e9))
        before = now()
        call(number)
        took[number] = now() - before
    return took


def main(told: dict[str, Any]) -> None:
    call = WHAT[told["what"]](told)
    for number in range(min(WARM_UP, told["calls"])):
        call(number)
    wait_for_go()
    pauses = CollectorPauses()
    began = time.perf_counter()
    took = timed(call, told["calls"], told["per_s"])
    seconds = time.perf_counter() - began
    found = {f"p{percent:g}": percentile(took, percent) / 1e3 for percent in PERCENTILES}
    found |= {"max": max(took) / 1e3, "per_s": len(took) / seconds, "collections": len(pauses.pauses_ns)}
    found["collection_max"] = max(pauses.pauses_ns, default=0) / 1e3
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
