"""The end of a sink's fault: an ordinary sink brings everything in."""

import signal

from tests.faults.lab import Lab


def settle_with_a_healthy_sink(lab: Lab) -> None:
    """Run one until nothing is left to do, which may be at once: then it is told to end before it can listen."""
    sink = lab.sink("healthy-sink").start()
    lab.settle()
    assert sink.stop() in (0, -signal.SIGTERM), sink.said()
