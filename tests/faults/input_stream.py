"""Cases in the middle of honest traffic, through a real sequencer and sink to the oracle."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.bad_input import Case
from tests.faults.case_sender import Sent, assert_ended, assert_shown, honest, interleaved, send_cases
from tests.faults.lab import Lab, SinkProcess
from tests.faults.oracle import examine
from tests.pipeline.sequencer_installation import Worker

HOLD_MICROS = 2_000_000
"""What is missing is waited for this long, so that a test of it is short."""


@contextmanager
def short_holds(lab: Lab, **changes: object) -> Iterator[tuple[Worker, SinkProcess]]:
    """A sequencer that waits two seconds, and a sink; neither fails or begins again meanwhile."""
    sequencer = lab.sequencer("patient", **{"hold_micros": HOLD_MICROS, **changes}).start()
    sink = lab.sink("beside").start()
    yield sequencer, sink
    assert sequencer.stop() == 0, sequencer.said()
    assert sink.stop() == 0, sink.said()
    assert "begins again" not in sequencer.said(), sequencer.said()


def sequence(lab: Lab, cases: list[Case], **settings: str) -> list[Sent]:
    """Send the cases among honest events; everything must end where it belongs. `settings`: of the producer."""
    beside = honest(lab.workload().inputs(500), lab.partitions)
    sent = send_cases(lab, interleaved(lab.choices, cases, beside), **settings)
    decide(lab, sent)
    return sent


def decide(lab: Lab, sent: list[Sent]) -> None:
    """Let everything that was sent come to its place, and look at each."""
    with short_holds(lab):
        lab.settle()
    assert_ended(lab, sent)
    assert_shown(lab, sent)
    examine(lab)
