"""A sink under a supervisor: started again whenever it ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from tests.faults.lab import SinkProcess

LOOK_EVERY_S = 0.1


@contextmanager
def supervised(sink: SinkProcess) -> Iterator[list[int]]:
    """The exit codes so far; ended in order afterwards."""
    codes: list[int] = []
    stopping = Event()

    def watch() -> None:
        while not stopping.wait(LOOK_EVERY_S):
            if sink.process is not None and (code := sink.process.poll()) is not None:
                codes.append(code)
                sink.start()

    sink.start()
    watching = Thread(target=watch, name="supervisor", daemon=True)
    watching.start()
    try:
        yield codes
    finally:
        stopping.set()
        watching.join()
    assert sink.stop() == 0, sink.said()
