"""A lane that loses its partition while it opens finds no fault with a ledger that grew meanwhile."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaException

from chatsnapshot_processors.config import RootPolicy, SequencerConfig
from chatsnapshot_processors.lane_producer import FailureKind, failure_kind
from chatsnapshot_processors.topic_reading import PartitionReader
from tests.pipeline.lane_drill import batch_of, commit, input_records, lane_config, open_by_hand
from tests.pipeline.sequencer_installation import Installation, chained_events


def config_of(installation: Installation, machine: str) -> SequencerConfig:
    policy = RootPolicy(records=1, signing_key_file=None)
    return replace(lane_config(installation, machine=machine), roots=policy)


def sequence_and_write_a_root(config: SequencerConfig) -> None:
    heir = open_by_hand(config, roots=True)
    assert heir.roots is not None
    commit(heir, input_records(config, heir.start))
    while heir.roots._last is None:
        heir.roots.step()
    heir.close()


def test_an_heir_writes_a_root_while_another_opens(
    kafka_bootstrap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = Installation(kafka_bootstrap, tmp_path, partitions=1)
    installation.migrate()
    installation.send(chained_events(["a"], range(20)))
    loser = config_of(installation, "loser")
    reads: list[str] = []
    read = PartitionReader.read

    def reading(self: PartitionReader, topic: str, partition: int, start: int) -> Iterator[Any]:
        if topic in (loser.topics.ledger, loser.topics.roots):
            reads.append(topic)
            if len(set(reads)) == 2:  # the loser has read one of the two
                monkeypatch.undo()
                sequence_and_write_a_root(config_of(installation, "heir"))
        yield from read(self, topic, partition, start)

    monkeypatch.setattr(PartitionReader, "read", reading)
    lane = open_by_hand(loser, roots=True)
    with pytest.raises(KafkaException) as refused:
        lane.transaction.run(batch_of(input_records(loser, 0)), [], lambda: False)
    assert failure_kind(refused.value) is FailureKind.FENCED
    lane.close()
