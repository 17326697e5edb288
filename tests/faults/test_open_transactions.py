"""A producer that dies with its transaction open: readers wait until it times out, skip nothing, take nothing of it."""

import shutil

import pytest

from chatsnapshot_schemas.partitioning import partition_of
from tests.faults.lab import Lab
from tests.faults.open_transaction import leave_open, wait_until_ended
from tests.faults.oracle import examine
from tests.pipeline.sequencer_installation import eventually, value_of

PART = 600
FOREIGN = 30
BRIEF_MS, LONG_MS = 3_000, 15_000
"""When the broker may end a transaction; the long one lasts while another sequencer starts."""
CACHE_LOST = 0.5
"""How often the new sequencer has no cache: whether it has one must make no difference."""

pytestmark = pytest.mark.slow_fault


def test_an_open_transaction_in_the_events_topic(lab: Lab) -> None:
    """Its events are as good as any, but for the commit that never came."""
    work, foreign = lab.workload(), lab.workload(name="foreign").inputs(FOREIGN)
    with lab.running():
        lab.send(work.inputs(PART))
        records = [(partition_of(key, lab.partitions), key, value) for key, value in foreign]
        leave_open(lab.bootstrap, f"{lab.topics.prefix}-foreign", lab.topics.events, records, BRIEF_MS)
        lab.send(work.inputs(PART))
        assert len(lab.installation.ledger_bodies()) < 2 * PART, "nobody reads past an open transaction"
        wait_until_ended(lab.bootstrap, lab.topics.events, lab.partitions)
        lab.send(work.inputs(PART))
        lab.settle()
    runs = {record["envelope"]["correlation_id"] for record in lab.installation.ledger()}
    assert not any(run.startswith("foreign") for run in runs)
    assert len(lab.installation.ledger_bodies()) == 3 * PART
    examine(lab)


def test_an_open_transaction_of_a_dead_foreign_sequencer(lab: Lab) -> None:
    """It lies in the ledger before what the sequencer commits; a new start meanwhile must not begin below that."""
    work, sink = lab.workload(), lab.sink().start()
    first = lab.sequencer("first").start()
    lab.send(work.inputs(PART))
    lab.installation.wait_for_ledger(PART)
    records = [_copy(lab, partition) for partition in range(lab.partitions)]
    leave_open(lab.bootstrap, f"{lab.topics.prefix}-foreign", lab.topics.ledger, records, LONG_MS)
    lab.send(work.inputs(PART))
    eventually(lambda: lab.sequenced() or None)
    first.kill()
    if lab.choices.random() < CACHE_LOST:
        shutil.rmtree(lab.folder / "data")
    lab.send(work.inputs(PART))
    with lab.running():
        eventually(lambda: "continues at" in (lab.folder / "healthy.log").read_text() or None)
        wait_until_ended(lab.bootstrap, lab.topics.ledger, lab.partitions)
        lab.send(work.inputs(PART))
        lab.settle()
    assert sink.stop() == 0, sink.said()
    assert len(lab.installation.ledger_bodies()) == 4 * PART
    examine(lab)


def _copy(lab: Lab, partition: int) -> tuple[int, bytes, bytes]:
    """A record that is already in this partition of the ledger."""
    message = next(each for each in lab.installation.records(lab.topics.ledger) if each.partition() == partition)
    return partition, bytes(message.key() or b""), value_of(message)
