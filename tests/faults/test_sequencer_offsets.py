"""The group's offsets: deleted, set back, somebody else's, beyond the end, before the beginning."""

from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from chatsnapshot_processors.offset_metadata import OffsetMetadata
from tests.faults.faulty_sequencer import shuffled
from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.pipeline.sequencer_installation import Worker, eventually
from tests.pipeline.worker_process import WITHIN_S

PORTION = 400
Inputs = list[tuple[bytes | None, bytes | None]]


@pytest.mark.slow_fault
def test_offsets_deleted_and_set_back(lab: Lab) -> None:
    """With what replaying would show at once: refused input, events that wait, duplicates with and without trace."""
    portions = _portions(lab)
    lab.send(next(portions))
    committed = [_sequence(lab)]
    for _ in range(2):
        lab.send(next(portions))
        forget_offsets(lab)
        committed.append(_sequence(lab))
    examine(lab, tables=False)
    # as when the broker lost the end of its offsets topic: an older commit, with our metadata
    commit_by_hand(lab, committed[lab.choices.randrange(2)])
    lab.send(next(portions))
    worker = _sequencer(lab)
    assert "is older than what was sequenced" in worker.said()
    examine(lab, tables=False)
    with lab.running():
        lab.send(next(portions))
        lab.settle()
    examine(lab)


@pytest.mark.slow_fault
def test_offsets_of_somebody_else_or_out_of_range_are_refused(lab: Lab) -> None:
    """Each with the way out in one line, and the way out works."""
    portions = _portions(lab)
    lab.send(next(portions))
    right = _sequence(lab)
    ours = OffsetMetadata.from_text(right[0].metadata, "")
    beyond = [TopicPartition(one.topic, one.partition, one.offset + 10_000, ours.to_text()) for one in right]
    without = [TopicPartition(one.topic, one.partition, 0) for one in right]
    for wrong, said in ((without, "delete the offsets of this group"), (beyond, "lost records")):
        commit_by_hand(lab, wrong)
        lab.send(next(portions))
        _assert_refused(lab, said)
        forget_offsets(lab)
        _sequence(lab)
        examine(lab, tables=False)
    lab.send(next(portions))
    before = _committed(lab)
    _delete_below_the_end(lab)
    _assert_refused(lab, "deleted unread")
    assert _committed(lab) == before


def _portions(lab: Lab) -> Iterator[Inputs]:
    """Input with a lot of what leaves no trace in the ledger."""
    workload = lab.workload()
    while True:
        known: Inputs = [(sent.key, sent.value) for sent in lab.acknowledged if sent.value]
        poison: Inputs = [(f"default/poison-{n}".encode(), b"poison") for n in range(20)]
        inputs: Inputs = [*workload.inputs(PORTION), *poison, *lab.choices.sample(known, min(len(known), 50))]
        yield [*shuffled(lab.choices, inputs), *poison[:3], *known[:3]]


def _sequencer(lab: Lab) -> Worker:
    worker = lab.sequencer(f"sequencer-{len(lab._started)}").start()
    eventually(lambda: (lab.sequenced() and not lab.held()) or None)
    assert worker.stop() == 0, worker.said()
    return worker


def _sequence(lab: Lab) -> list[TopicPartition]:
    _sequencer(lab)
    return _committed(lab)


def _assert_refused(lab: Lab, said: str) -> None:
    worker = lab.sequencer(f"refused-{len(lab._started)}").start()
    assert worker.wait() == 1, worker.said()
    (line,) = [line for line in worker.said().splitlines() if " ERROR " in line]
    assert "topic_mismatch" in line
    assert said in line


def _places(lab: Lab) -> list[TopicPartition]:
    return [TopicPartition(lab.topics.events, partition) for partition in range(lab.partitions)]


def _committed(lab: Lab) -> list[TopicPartition]:
    consumer = Consumer({"bootstrap.servers": lab.bootstrap, "group.id": lab.topics.sequencer_group})
    found = consumer.committed(_places(lab), WITHIN_S)
    consumer.close()
    return found


def commit_by_hand(lab: Lab, offsets: list[TopicPartition]) -> None:
    """As `kafka-consumer-groups --reset-offsets` does while the group is empty."""
    _until_empty(lab)
    consumer = Consumer({"bootstrap.servers": lab.bootstrap, "group.id": lab.topics.sequencer_group})
    consumer.commit(offsets=offsets, asynchronous=False)
    consumer.close()


def forget_offsets(lab: Lab) -> None:
    """As `kafka-consumer-groups --delete` does while the group is empty."""
    _until_empty(lab)
    admin, group = AdminClient({"bootstrap.servers": lab.bootstrap}), lab.topics.sequencer_group
    admin.delete_consumer_groups([group])[group].result(WITHIN_S)


def _until_empty(lab: Lab) -> None:
    """A static member stays in the group until its session ends."""
    admin, group = AdminClient({"bootstrap.servers": lab.bootstrap}), lab.topics.sequencer_group
    eventually(lambda: not admin.describe_consumer_groups([group])[group].result(WITHIN_S).members or None)


def _delete_below_the_end(lab: Lab) -> None:
    """As retention does when sequencing stood still for too long."""
    admin = AdminClient({"bootstrap.servers": lab.bootstrap})
    ends = [TopicPartition(place.topic, place.partition, -1) for place in _places(lab)]  # -1: the high watermark
    for future in admin.delete_records(ends).values():
        future.result(WITHIN_S)
