"""Workers that die or hang in the middle of a load: nothing lost, nothing twice, chains whole."""

import signal
from pathlib import Path

import pytest

from tests.pipeline.sequencer_installation import (
    Installation,
    assert_intact,
    chained_events,
    event_id,
    eventually,
)

RUNS = [f"run-{n}" for n in range(100)]
SMALL_BATCHES = {"batch_records_max": 200, "transaction_interval_s": 0.0}
"""Many transactions, so that a kill meets one in the middle."""


@pytest.fixture
def installation(kafka_bootstrap: str, tmp_path: Path) -> Installation:
    made = Installation(kafka_bootstrap, tmp_path)
    made.migrate()
    return made


def some_recorded(installation: Installation, more_than: int) -> int:
    """How many ledger records there are once there are more than that."""
    return eventually(
        lambda: count if (count := len(installation.records(installation.topics.ledger))) > more_than else None
    )


def assert_exact(installation: Installation, count: int) -> None:
    """The ledger holds exactly the numbers below `count` of every run, each once, in order."""
    installation.wait_for_ledger(count * len(RUNS))
    bodies = installation.ledger_bodies()
    assert_intact(bodies)
    assert len(bodies) == count * len(RUNS)
    recorded = {
        (p["envelope"]["correlation_id"], p["sequence_no"]): p["envelope"]["event_id"] for p in installation.ledger()
    }
    assert recorded == {(run, number + 1): event_id(run, number) for run in RUNS for number in range(count)}


def test_kill_9_twice_under_load(installation: Installation) -> None:
    sent = chained_events(RUNS, range(120))
    installation.send(sent[:8_000])
    with installation.worker("first", limits=SMALL_BATCHES).running() as first:
        some_recorded(installation, 0)
        first.kill()
    done = len(installation.records(installation.topics.ledger))
    with installation.worker("second", limits=SMALL_BATCHES).running() as second:
        installation.send(sent[8_000:])
        some_recorded(installation, done)
        second.kill()
    with installation.worker("third").running() as third:
        assert_exact(installation, 120)
        assert third.stop() == 0, third.said()


def test_a_zombie_is_refused_and_its_lanes_end(installation: Installation) -> None:
    sent = chained_events(RUNS, range(100))
    told = {"session_timeout_s": 2.0, "limits": SMALL_BATCHES}
    installation.send(sent[:8_000])
    with (
        installation.worker("zombie", instance_id=None, **told).running() as zombie,
        installation.worker("heir", instance_id=None, **told).waiting() as heir,
    ):
        # in the middle: it has fetched what it has not sequenced
        assert some_recorded(installation, 0) < 8_000
        zombie.signal(signal.SIGSTOP)
        heir.start()
        installation.wait_for_ledger(8_000)
        installation.send(sent[8_000:9_000])
        installation.wait_for_ledger(9_000)
        zombie.signal(signal.SIGCONT)
        installation.send(sent[9_000:])
        assert_exact(installation, 100)
        # both live on: the zombie came back as an ordinary member
        eventually(lambda: zombie.said().count("partition") >= 3 or None)
        assert zombie.stop() == 0, zombie.said()
        assert heir.stop() == 0, heir.said()
        assert_exact(installation, 100)


def test_two_workers_share_the_partitions_and_one_takes_over(installation: Installation) -> None:
    sent = chained_events(RUNS, range(60))
    told = {"session_timeout_s": 2.0}
    with (
        installation.worker("left", instance_id="left", **told).running() as left,
        installation.worker("right", instance_id="right", **told).running() as right,
    ):
        installation.send(sent[:3_000])
        installation.wait_for_ledger(3_000)
        eventually(lambda: ("open" in left.said() and "open" in right.said()) or None)
        installation.send(sent[3_000:4_500])
        left.kill()
        installation.send(sent[4_500:])
        assert_exact(installation, 60)
        assert right.stop() == 0, right.said()


def test_sigterm_in_the_middle_ends_cleanly_and_soon(installation: Installation) -> None:
    installation.send(chained_events(RUNS, range(100)))
    with installation.worker("first", limits=SMALL_BATCHES).running() as first:
        some_recorded(installation, 0)
        # an open transaction is finished or aborted: not waited for, not killed by the last resort
        assert first.stop() == 0, first.said()
    with installation.worker("second").running() as second:
        assert_exact(installation, 100)
        assert second.stop() == 0
