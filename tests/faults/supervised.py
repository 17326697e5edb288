"""A worker under a supervisor: started again whenever it ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from tests.pipeline.worker_process import WorkerProcess

LOOK_EVERY_S = 0.1


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
