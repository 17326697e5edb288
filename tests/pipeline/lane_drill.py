"""Lanes opened by hand, without Faust: what a worker's thread does, one step at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition
from prometheus_client import CollectorRegistry

from chatsnapshot_processors.batch_transaction import BatchOutcome
from chatsnapshot_processors.batching import Batch
from chatsnapshot_processors.config import LaneLimits, SequencerConfig
from chatsnapshot_processors.core.policy import SequencingPolicy
from chatsnapshot_processors.core.records import InputRecord
from chatsnapshot_processors.group_metadata import GroupMembership
from chatsnapshot_processors.lane import mark_after
from chatsnapshot_processors.lane_opening import LaneContext, OpenLane, open_lane
from chatsnapshot_processors.metrics import SequencerMetrics
from chatsnapshot_processors.root_topic import RootTopic
from chatsnapshot_schemas.connections import KafkaConnection, TopicNames
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.kafka_admin import LastingAdmin
from tests.pipeline.sequencer_installation import Installation

BATCH = 100


def lane_config(installation: Installation, hold_micros: int = 30_000_000, machine: str = "one") -> SequencerConfig:
    return SequencerConfig(
        kafka=KafkaConnection(bootstrap_servers=installation.bootstrap),
        topics=installation.topics,
        policy=SequencingPolicy(hold_micros=hold_micros),
        data_dir=installation.folder / machine,
    )


def brokerless_config(folder: Path, limits: LaneLimits | None = None) -> SequencerConfig:
    """For lanes that are not to reach any broker."""
    return SequencerConfig(
        kafka=KafkaConnection(bootstrap_servers="127.0.0.1:1"),
        topics=TopicNames(prefix="none"),
        policy=SequencingPolicy(),
        data_dir=folder,
        limits=limits or LaneLimits(),
    )


def lane_context(config: SequencerConfig, *, roots: bool = False) -> LaneContext:
    admin, metrics = LastingAdmin(config.kafka), SequencerMetrics(CollectorRegistry())
    topic = RootTopic(admin, config.topics.roots) if roots else None
    return LaneContext(config, admin, Framing(), metrics, config.data_dir / "cache", topic)


def no_membership(config: SequencerConfig) -> GroupMembership:
    """What the broker takes as long as the group has no members."""
    return GroupMembership(config.group_id, -1, "")


def open_by_hand(
    config: SequencerConfig, membership: GroupMembership | None = None, *, roots: bool = False
) -> OpenLane:
    """Partition 0, opened."""
    return open_lane(lane_context(config, roots=roots), 0, membership or no_membership(config), lambda: None)


@contextmanager
def opened(config: SequencerConfig) -> Iterator[OpenLane]:
    """Partition 0 for a while."""
    lane = open_by_hand(config)
    try:
        yield lane
    finally:
        lane.close()


def commit(lane: OpenLane, records: list[InputRecord]) -> BatchOutcome:
    """One batch, as a lane's thread does it."""
    outcome = lane.transaction.run(batch_of(records), lane.notes, lambda: False)
    lane.notes = []
    if outcome.recorded:
        lane.state.apply(lane.sequencer.overlay.take_changes(), mark_after(lane.state.mark, outcome))
    lane.start = records[-1].offset + 1
    return outcome


def batch_of(records: list[InputRecord]) -> Batch:
    return Batch(records, records[-1].offset + 1)


def sequence_all(config: SequencerConfig) -> int:
    """Open, sequence everything there is, close; how many ledger records were made."""
    with opened(config) as lane:
        records = input_records(config, lane.start)
        return sum(commit(lane, records[at : at + BATCH]).recorded for at in range(0, len(records), BATCH))


def input_records(config: SequencerConfig, start: int) -> list[InputRecord]:
    """Partition 0 of the events topic from `start`."""
    consumer = Consumer(
        {
            **config.kafka.client_config(),
            "group.id": "reading",
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
        }
    )
    consumer.assign([TopicPartition(config.topics.events, 0, start)])
    found: list[InputRecord] = []
    while True:
        for message in consumer.consume(10_000, 0.1):
            if message.error():
                consumer.close()
                return found
            value, key, offset = message.value(), message.key(), message.offset()
            assert isinstance(value, bytes | None)
            assert isinstance(key, bytes | None)
            assert offset is not None
            found.append(InputRecord(offset, message.timestamp()[1] * 1000, key, value, ()))


def cache_folder(config: SequencerConfig) -> Path:
    """Partition 0's store."""
    return config.data_dir / "cache" / "ledger-0"
