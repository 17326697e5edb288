"""Traffic of extreme shapes: one correlation that is half of it, one that is huge, very many that are tiny."""

from collections.abc import Iterable, Iterator
from itertools import zip_longest

import pytest

from chatsnapshot_schemas.partitioning import message_key, partition_of
from chatsnapshot_schemas.rules import Plain
from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.pipeline.sequencer_installation import event, event_id, eventually, input_record

HOT = "hot"
SIZES = [2_000, pytest.param(200_000, marks=pytest.mark.timeout(900))]


def settle(lab: Lab, count: int) -> None:
    """Wait for much; a table that grows renews the patience."""
    seen = 0
    while seen < count:
        before = seen

        def more(than: int = before) -> int | None:
            (rows,) = lab.client.query(f"SELECT count() FROM {lab.database}.ledger").result_rows
            return int(rows[0]) if rows[0] > than else None

        seen = eventually(more)
    lab.settle()


def numbered(run: str, numbers: Iterable[int]) -> Iterator[tuple[bytes, bytes]]:
    """A run's events, each caused by the one before it."""
    return (input_record(event(run, number, event_id(run, number - 1) if number else None)) for number in numbers)


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.slow_fault
def test_one_correlation_with_very_many_events(lab: Lab, count: int) -> None:
    lab.send(numbered("huge", range(count)))
    with lab.running():
        settle(lab, count)
    seen = examine(lab)
    assert (seen.recorded, seen.quarantined) == (count, 0)
    assert lab.client.query(f"SELECT max(sequence_no) FROM {lab.database}.ledger").result_rows == [(count,)]


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.slow_fault
def test_very_many_correlations_with_one_event(lab: Lab, count: int) -> None:
    lab.send(input_record(event(f"tiny-{number}", 0)) for number in range(count))
    with lab.running():
        settle(lab, count)
    seen = examine(lab)
    assert (seen.recorded, seen.quarantined) == (count, 0)
    assert lab.client.query(f"SELECT count() FROM {lab.database}.runs").result_rows == [(count,)]


@pytest.mark.slow_fault
def test_a_hot_correlation_delays_the_others_by_no_more_than_a_batch(lab: Lab) -> None:
    """Half of the traffic is one correlation's, and everything of it waits: it came backwards in blocks.

    In its own partition no event of another is recorded after a hot one that came behind it: the wait of the hot events
    is theirs alone, so what another waits for is at most the batch that it is in. In other partitions nothing waits:
    they are at their end while the hot one still has batches to do.
    """
    hot, others = 6_000, 6_000
    backwards = [number for block in range(0, hot, 500) for number in reversed(range(block, block + 500))]
    beside = lab.workload(runs=300).inputs(others)
    home = partition_of(message_key("default", HOT), lab.partitions)
    lab.send(one for pair in zip_longest(numbered(HOT, backwards), beside) for one in pair if one is not None)
    batches = {"batch_records_max": 250}
    with lab.running(limits=batches):
        settle(lab, hot + others)
    assert left_when_the_others_were_done(lab, home) > 2 * batches["batch_records_max"]
    ledger = [plain for plain in lab.installation.ledger() if plain["input_partition"] == home]
    assert displaced(ledger) == 0
    assert not any(plain["gap_before"] or plain["late"] or plain["cause"] == "unresolved" for plain in ledger)
    examine(lab)


def displaced(ledger: list[Plain]) -> int:
    """Of a partition in its order: events of other correlations that a hot one from behind them has passed."""
    passed, furthest = 0, -1
    for plain in ledger:
        offset = plain["input_offset"]
        passed += plain["envelope"]["correlation_id"] != HOT and offset < furthest
        furthest = max(furthest, offset)
    return passed


def left_when_the_others_were_done(lab: Lab, home: int) -> int:
    """Ledger records of partition `home` that were made behind the last one of every other partition."""
    made = [(message.timestamp()[1], message.partition()) for message in lab.installation.records(lab.topics.ledger)]
    others_done = max(time for time, partition in made if partition != home)
    return sum(partition == home and time > others_done for time, partition in made)
