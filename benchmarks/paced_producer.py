"""Sends encoded events at a fixed rate with librdkafka alone, as a machine beside this one would.

`python -m benchmarks.paced_producer '{"bootstrap": ..., "topic": ..., "rate": ..., "seconds": ..., "seed": ...}'`
"""

import json
import sys
import time
from typing import Any

from confluent_kafka import Producer

from benchmarks.load_process import paced, wait_for_go
from benchmarks.topic_reading import PRODUCER_CONFIG
from benchmarks.workload import backlog

FLUSH_WITHIN_S = 60.0
LINGER_MS = 5


def main(told: dict[str, Any]) -> None:
    total = round(told["rate"] * told["seconds"])
    events = iter(backlog(total, seed=told["seed"], duplicates=False, prefix=f"run{told['seed']}").events)
    producer = Producer({"bootstrap.servers": told["bootstrap"], **PRODUCER_CONFIG, "linger.ms": LINGER_MS})
    producer.list_topics(timeout=10)

    def send(due: int) -> None:
        for _ in range(due):
            event = next(events)
            producer.produce(told["topic"], event.value, event.key)
        producer.poll(0)

    wait_for_go()
    began = time.monotonic()
    behind = paced(told["rate"], told["seconds"], send)
    left = producer.flush(FLUSH_WITHIN_S)
    print(json.dumps({"sent": total - left, "seconds": time.monotonic() - began, "behind_s": behind}), flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
