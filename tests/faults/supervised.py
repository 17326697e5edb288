"""A worker under a supervisor: started again whenever it ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from chatsnapshot_processors.watchdog import EXIT_STUCK
from chatsnapshot_processors.worker import EXIT_FAILED
from chatsnapshot_projections.sink_worker import EXIT_STOPPED
from tests.faults.lab import Lab
from tests.pipeline.worker_process import WorkerProcess

LOOK_EVERY_S = 0.1
MAY_END_WITH = {EXIT_FAILED, EXIT_STUCK}
"""A sequencer whose client hangs: a call into librdkafka that never returns, whatever its timeout."""
HANG_S = 150.0
"""Until such a call is taken for hung, and the process that follows has everything done."""


@contextmanager
def supervised(worker: WorkerProcess) -> Iterator[list[int]]:
    """The exit codes so far; ended in order afterwards."""
    codes: list[int] = []
    stopping = Event()

    def watch() -> None:
        while not stopping.wait(LOOK_EVERY_S):
            if worker.process is not None and (code := worker.process.poll()) is not None:
                codes.append(code)
                worker.start()

    worker.start()
    watching = Thread(target=watch, name="supervisor", daemon=True)
    watching.start()
    try:
        yield codes
    finally:
        stopping.set()
        watching.join()
    assert worker.stop() == 0, worker.said()


@contextmanager
def supervised_pair(lab: Lab) -> Iterator[None]:
    """An ordinary sequencer and sink meanwhile; one that ends by itself may do so only because its client hangs."""
    sequencer, sink = lab.sequencer("healthy"), lab.sink("healthy-sink")
    with supervised(sequencer) as codes, supervised(sink) as sink_codes:
        yield
    assert {*codes} <= MAY_END_WITH, sequencer.said()
    assert {*sink_codes} <= {EXIT_STOPPED}, sink.said()
