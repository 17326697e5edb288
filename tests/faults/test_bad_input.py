"""Whatever the broker takes ends in its place with its own bytes, and what is honest goes on beside it."""

import pytest

from tests.faults.bad_input import BadInput
from tests.faults.case_sender import interleaved
from tests.faults.input_stream import sequence
from tests.faults.lab import Lab


def test_bad_and_odd_input_of_every_kind(lab: Lab) -> None:
    sequence(lab, list(BadInput(lab.choices, lab.partitions).every_kind()))


@pytest.mark.slow_fault
def test_cut_flipped_and_random_bytes(lab: Lab) -> None:
    bad = BadInput(lab.choices, lab.partitions)
    sequence(lab, interleaved(lab.choices, *map(list, (bad.truncated(900), bad.flipped(900), bad.garbage(500)))))
