"""The laboratory itself: without a fault everything sent comes out."""

from tests.faults.lab import Lab
from tests.faults.oracle import examine


def test_without_a_fault(lab: Lab) -> None:
    lab.send(lab.workload().inputs(3_000))
    with lab.running():
        lab.settle()
    assert len(lab.installation.ledger_bodies()) == len(lab.acknowledged) == 3_000
    examine(lab)
