"""Producers that are killed and forked: what `record()` accepted is in the ledger exactly once, in order."""

import time
from collections import defaultdict

import pytest

from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.faults.recorder_process import Recorders, assert_recorded

KILLS = 3
PRODUCERS, ROUNDS = 3, 4
FORKS = 4


def test_a_producer_killed_in_a_burst(lab: Lab) -> None:
    """Each start adopts and sends what the one before it left, and is killed in its own burst."""
    with Recorders(lab) as recorders, lab.running():
        for _ in range(KILLS):
            burst = recorders.process("burst").start()
            burst.wait_told(lab.choices.randrange(300, 1_200))
            assert burst.kill()
        last = recorders.send_leftovers()
        assert last.statuses()[0]["adopted"] >= 1
        lab.settle()
        assert_recorded(lab, recorders.told())
    assert not list(last.spools.iterdir())
    examine(lab)


@pytest.mark.slow_fault
def test_producers_killed_at_random_times(lab: Lab) -> None:
    """Several at once on one spool root, writing to the same runs; each is followed by another."""
    with Recorders(lab) as recorders, lab.running():
        living = [recorders.process("random", threads=2).start() for _ in range(PRODUCERS)]
        for _ in range(PRODUCERS * ROUNDS):
            time.sleep(lab.choices.uniform(0.0, 1.5))
            victim = living.pop(lab.choices.randrange(len(living)))
            victim.kill()
            living.append(recorders.process("random", threads=2).start())
        for each in living:
            each.wait_told(1)
            each.kill()
        last = recorders.send_leftovers()
        lab.settle()
        assert_recorded(lab, recorders.told())
    assert not list(last.spools.iterdir())
    examine(lab)


def test_a_recording_process_that_forks(lab: Lab) -> None:
    """In the middle of a burst of two threads, on a live connection; parent and children go on in the same runs."""
    with Recorders(lab) as recorders, lab.running():
        told = recorders.process("fork", threads=2, forks=FORKS, events=400).start().wait()
        lab.settle()
        assert_recorded(lab, told)
    numbers = defaultdict(list)
    for each in told:
        numbers[each.run, each.instance].append(each.number)
    assert len({each.instance for each in told}) == 1 + FORKS
    assert all(sorted(each) == list(range(len(each))) for each in numbers.values()), "a number was used twice"
    assert len(recorders.made[0].statuses()) == 1 + FORKS
    examine(lab)
