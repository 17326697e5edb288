"""A sequencer with a fault in it, as a process of its own: `python -m tests.faults.sequencer_process '<json>'`.

Options as for `tests.pipeline.run_sequencer`, and `faults`:
    kill: [step, n]     SIGKILL to itself when the step happens for the n-th time, in whichever lane
    hang: [step, n]     the thread that reaches the step stays there for ever
    small_queues: [producers, records]   so many first producers take so few records into their queue
    eager_fetch: true   every fetch asks for all assigned partitions, as one does that outlives a rebalance
    client: {...}       other settings of its Kafka clients
    chunk_records: n    how many records are read and applied at a time while the cache is brought up to date

Steps of a transaction, in their order: fetched, taken, producing (some of the batch's ledger records sent), produced,
flushed, offsets_sent, committing (in the middle of the call), committed, applying (in the middle of the cache's write),
applied. Of an opening: initialised, state_read, catching_up (read and not applied), caught_up, opened.
"""

import json
import logging
import os
import random
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from confluent_kafka import Producer

from chatsnapshot_processors import batching, lane, lane_opening, lane_producer, topic_reading
from chatsnapshot_processors.batch_transaction import BatchTransaction
from chatsnapshot_processors.faust_transport import BatchConsumerThread
from chatsnapshot_processors.ledger_catch_up import LedgerCatchUp
from chatsnapshot_processors.rocks_state import RocksState
from chatsnapshot_processors.worker import run
from tests.pipeline.client_settings import add_client_settings
from tests.pipeline.run_sequencer import config_of

MIDDLE_MS_MAX = 3.0
"""`committing` and `applying`: the kill comes up to this long after the call began, wherever that is."""
FLUSH_S = 10.0
Prepare = Callable[[], Any]


class Steps:
    """Counts steps and does what was asked for at one of them."""

    def __init__(self, faults: dict[str, Any]) -> None:
        self._kill = faults.get("kill", [None, 0])
        self._hang = faults.get("hang", [None, 0])
        self._lock = threading.Lock()
        self._seen: dict[str, int] = {}

    def happens(self, step: str, prepare: Prepare = lambda: None) -> None:
        """The step is reached; `prepare` is called before the end, if this is it."""
        if self._is_it(step, self._kill):
            prepare()
            die(step)
        elif self._is_it(step, self._hang, counted=True):
            say(f"hangs at {step}")
            threading.Event().wait()

    def soon(self, step: str) -> None:
        """The end comes while the next call is under way."""
        if self._is_it(step, self._kill):
            delay_s = random.uniform(0.0, MIDDLE_MS_MAX) / 1000  # a real race: no seed decides it
            threading.Timer(delay_s, die, (step,)).start()

    def _is_it(self, step: str, wanted: list[Any], *, counted: bool = False) -> bool:
        with self._lock:
            if not counted:
                self._seen[step] = self._seen.get(step, 0) + 1
            return [step, self._seen[step]] == wanted


def say(what: str) -> None:
    sys.stderr.write(f"fault: {what}\n")
    sys.stderr.flush()


def die(step: str) -> None:
    say(f"killed at {step}")
    os.kill(os.getpid(), signal.SIGKILL)


def after(owner: Any, name: str, do: Callable[..., None]) -> None:
    """Call `do` with a function's arguments behind the function."""
    real = getattr(owner, name)

    def wrapped(*args: Any, **named: Any) -> Any:
        result = real(*args, **named)
        do(*args)
        return result

    setattr(owner, name, wrapped)


def before(owner: Any, name: str, do: Callable[..., None]) -> None:
    """Call `do` with a function's arguments before the function."""
    real = getattr(owner, name)

    def wrapped(*args: Any, **named: Any) -> Any:
        do(*args)
        return real(*args, **named)

    setattr(owner, name, wrapped)


def faulty_producer(steps: Steps, small_queues: list[int]) -> type[Producer]:
    """confluent-kafka's producer, with steps and, for the first ones, a small queue."""
    left, records = small_queues

    class FaultyProducer(Producer):
        def __init__(self, settings: dict[str, Any], **named: Any) -> None:
            nonlocal left
            left -= 1
            small = {"queue.buffering.max.messages": records, "linger.ms": 500} if left >= 0 else {}
            super().__init__({**settings, **small}, **named)

        def init_transactions(self, *args: Any) -> None:
            super().init_transactions(*args)
            steps.happens("initialised")

        def send_offsets_to_transaction(self, *args: Any) -> None:
            steps.happens("produced")
            steps.happens("flushed", lambda: self.flush(FLUSH_S))
            super().send_offsets_to_transaction(*args)
            steps.happens("offsets_sent")

        def commit_transaction(self, *args: Any) -> None:
            steps.soon("committing")
            super().commit_transaction(*args)
            steps.happens("committed")

    return FaultyProducer


def watch(steps: Steps) -> None:
    """Put the steps into the product's functions."""
    fetch, following = BatchConsumerThread.fetch, batching.Batching.next

    async def fetch_and_tell(self: BatchConsumerThread, wanted: Any) -> Any:
        fetched = await fetch(self, wanted)
        if any(records for records, _ in fetched.values()):
            steps.happens("fetched")
        return fetched

    def next_and_tell(self: batching.Batching) -> batching.Batch:
        batch = following(self)
        if batch.records:
            steps.happens("taken")
        return batch

    BatchConsumerThread.fetch = fetch_and_tell  # type: ignore[method-assign]
    batching.Batching.next = next_and_tell  # type: ignore[method-assign]
    after(
        BatchTransaction,
        "_send_ledger",
        lambda self: steps.happens("producing", lambda: self._producer.flush(FLUSH_S)),
    )
    before(RocksState, "apply", lambda *_: steps.soon("applying"))
    after(RocksState, "apply", lambda *_: steps.happens("applied"))
    after(lane_opening, "read_state", lambda *_: steps.happens("state_read"))
    after(LedgerCatchUp, "_fold", lambda *_: steps.happens("catching_up"))
    after(LedgerCatchUp, "run", lambda *_: steps.happens("caught_up"))
    after(lane, "open_lane", lambda *_: steps.happens("opened"))


def fetch_eagerly() -> None:
    """Ask for partitions whose lane has not said yet where it begins; what comes of them is dropped."""
    fetch = BatchConsumerThread.fetch

    async def fetch_all(self: BatchConsumerThread, wanted: Any) -> Any:
        fetched = await fetch(self, wanted | self.assignment())
        return {tp: found for tp, found in fetched.items() if tp in wanted}

    BatchConsumerThread.fetch = fetch_all  # type: ignore[method-assign]


def main() -> int:
    told = json.loads(sys.argv[1])
    faults = told["faults"]
    logging.basicConfig(level="INFO", format="%(asctime)s %(name)s %(levelname)s %(message)s")
    steps = Steps(faults)
    lane_producer.Producer = faulty_producer(steps, faults.get("small_queues", [0, 0]))  # type: ignore[misc]
    topic_reading.CHUNK_RECORDS = faults.get("chunk_records", topic_reading.CHUNK_RECORDS)
    watch(steps)
    add_client_settings(faults.get("client", {}))
    if faults.get("eager_fetch"):
        fetch_eagerly()
    return run(config_of(told))


if __name__ == "__main__":
    sys.exit(main())
