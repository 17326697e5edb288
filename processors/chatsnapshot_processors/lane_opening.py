"""Taking over an input partition: fence the old owner first, only then read what was committed.

Order: init_transactions, topics as they are now, state topic, last root, ledger cache and catch-up, position. Anything
read before init_transactions could be followed by one more commit of the old owner.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import NamedTuple

from confluent_kafka import Producer

from chatsnapshot_processors.batch_transaction import BatchTransaction
from chatsnapshot_processors.config import SequencerConfig
from chatsnapshot_processors.core.policy import SequencingPolicy
from chatsnapshot_processors.core.records import StateChange
from chatsnapshot_processors.core.sequencer import Sequencer
from chatsnapshot_processors.group_metadata import GroupMembership
from chatsnapshot_processors.input_identity import InputIdentity
from chatsnapshot_processors.input_position import InputPosition, PositionFinder
from chatsnapshot_processors.input_topic import InputTopic, describe
from chatsnapshot_processors.lane_producer import INIT_TIMEOUT_S, quiet_close, transactional_producer
from chatsnapshot_processors.ledger_catch_up import LedgerCatchUp
from chatsnapshot_processors.metrics import SequencerMetrics
from chatsnapshot_processors.recorded_entries import StateEntries, read_state
from chatsnapshot_processors.rocks_keys import CacheOwner
from chatsnapshot_processors.rocks_state import RocksState, open_cache
from chatsnapshot_processors.root_topic import LedgerPlace, RootTopic, check_ledger_holds, last_root
from chatsnapshot_processors.root_writer import RootWriter
from chatsnapshot_processors.topic_reading import PartitionReader
from chatsnapshot_schemas.avro_schema import ledger_schema
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.kafka_admin import LastingAdmin
from chatsnapshot_schemas.roots import MerkleRoot
from chatsnapshot_schemas.signing_key import SigningKey
from chatsnapshot_schemas.state_entries import policy_key

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LaneContext:
    """What all lanes of a worker share."""

    config: SequencerConfig
    admin: LastingAdmin
    framing: Framing
    metrics: SequencerMetrics
    cache_dir: Path
    roots: RootTopic | None = None
    """None: no roots are written."""
    signer: SigningKey | None = None
    """None: roots are not signed."""
    turn: Lock = field(default_factory=Lock)
    """Held by the lane that is sequencing."""
    identity: InputIdentity = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "identity", InputIdentity(self.admin, self.config.topics.events))


@dataclass(slots=True)
class OpenLane:
    """A partition that this worker owns and knows the state of."""

    producer: Producer
    sequencer: Sequencer
    state: RocksState
    transaction: BatchTransaction
    start: int
    """The input offset to begin with."""
    notes: list[StateChange]
    """State changes that go into the first transaction."""
    topic_id: str
    """Of the events topic in which `start` counts."""
    roots: RootWriter | None = None
    """None where there is no topic for them."""

    def close(self) -> None:
        """Abort what is open and release the cache."""
        quiet_close(self.producer)
        self.state.close()


def open_lane(
    context: LaneContext, partition: int, membership: GroupMembership, progress: Callable[[], None]
) -> OpenLane:
    """Open a partition; `progress` is called now and then while much is read.

    Raises FatalError when a person must act, KafkaException and TransientError when trying again may help.
    """
    config = context.config
    with context.admin.asked() as admin:
        topic = describe(admin, config.topics)
    producer = transactional_producer(config, partition, topic.message_bytes_max)
    try:
        # connects first: without a connection the client looks for its coordinator twice a second only
        producer.list_topics(config.topics.ledger, INIT_TIMEOUT_S)
        producer.init_transactions(INIT_TIMEOUT_S)
        return _Opening(context, partition, topic, progress).run(producer, membership)
    except BaseException:
        quiet_close(producer)
        raise


class _Rooted(NamedTuple):
    """Where the partition's roots are, and the last of them."""

    topic: RootTopic
    last: MerkleRoot | None


class _Opening:
    """What is known while one lane opens."""

    def __init__(self, context: LaneContext, partition: int, topic: InputTopic, progress: Callable[[], None]) -> None:
        self._context = context
        self._config = context.config
        self._topics = context.config.topics
        self._partition = partition
        self._topic = topic
        self._progress = progress

    def run(self, producer: Producer, membership: GroupMembership) -> OpenLane:
        """Restore the state and build the lane."""
        began = monotonic()
        state = self._cache()
        try:
            with PartitionReader(self._config.kafka, self._config.group_id) as reader:
                recorded = read_state(reader, self._topics.state, self._partition)
                epoch = recorded.epoch_of(self._topic, self._topics.events)
                rooted = self._rooted(reader)  # before the ledger: a new owner, not noticed yet, writes both
                applied = self._catch_up(reader, state)
                finder = PositionFinder(reader, self._topics, self._partition, self._topic)
                position = finder.find(epoch, recorded, state.mark)
            lane = self._build(producer, membership, recorded, epoch, state, position)
            lane.roots = None if rooted is None else self._roots(rooted, producer, state)
        except BaseException:
            state.close()
            raise
        self._report(applied, len(recorded.held), position, monotonic() - began)
        return lane

    def _cache(self) -> RocksState:
        owner = CacheOwner(self._topic.cluster_id, self._topic.ledger_topic_id, self._partition)
        folder = self._context.cache_dir / f"ledger-{self._partition}"
        state, broken = open_cache(folder, owner)
        if broken:
            log.warning("partition %d: the cache was broken and is rebuilt: %s", self._partition, broken)
        return state

    def _catch_up(self, reader: PartitionReader, state: RocksState) -> int:
        catch_up = LedgerCatchUp(reader, self._topics.ledger, self._partition, self._context.framing, self._progress)
        return catch_up.run(state)

    def _rooted(self, reader: PartitionReader) -> _Rooted | None:
        """The roots' topic and the last root there; None where roots cannot be written."""
        roots = self._context.roots
        if roots is None or not roots.is_usable(self._topic.partitions):
            return None
        return _Rooted(roots, last_root(reader, roots.name, self._partition))

    def _roots(self, rooted: _Rooted, producer: Producer, state: RocksState) -> RootWriter:
        """What writes roots from here on. Raises CorruptLedger when the last root counts what the ledger has not."""
        context, topic, last = self._context, self._topic, rooted.last
        ledger = self._topics.ledger
        place = LedgerPlace(topic.cluster_id, ledger, topic.ledger_topic_id, self._partition, topic.partitions)
        check_ledger_holds(last, place, -1 if state.mark is None else state.mark.ledger_offset)
        told = self._config.roots, context.signer, context.metrics, context.turn
        return RootWriter(producer, state, place, rooted.topic, last, *told)

    def _build(
        self,
        producer: Producer,
        membership: GroupMembership,
        recorded: StateEntries,
        epoch: int,
        state: RocksState,
        position: InputPosition,
    ) -> OpenLane:
        policies, notes = self._policies(recorded, epoch, position.offset)
        sequencer = Sequencer(
            partition=self._partition,
            partitions=self._topic.partitions,
            epoch=epoch,
            framing=self._context.framing,
            policies=policies,
            state=state,
            held=recorded.held,
            used=recorded.used,
            stream_time=position.stream_time,
        )
        transaction = BatchTransaction(
            producer,
            sequencer,
            self._topics,
            (self._partition, epoch),
            self._topic.topic_id,
            membership,
            self._context.framing.prefix(self._topics.ledger, ledger_schema()),
            self._context.turn,
        )
        return OpenLane(producer, sequencer, state, transaction, position.offset, notes, self._topic.topic_id)

    def _policies(
        self, recorded: StateEntries, epoch: int, following: int
    ) -> tuple[list[tuple[int, SequencingPolicy]], list[StateChange]]:
        """Recorded settings and the configured ones behind them; what of that is to be recorded now."""
        policies = recorded.policies_of(epoch)
        configured = self._config.policy
        if policies and policies[-1][1] == configured:
            return policies, []
        start = following if policies else 0
        return [*policies, (start, configured)], [StateChange(policy_key(epoch, start), configured.to_json())]

    def _report(self, applied: int, held: int, position: InputPosition, seconds: float) -> None:
        log.info(
            "partition %d open: %d ledger records and %d held events restored in %.2f s, continues at input offset %d",
            self._partition,
            applied,
            held,
            seconds,
            position.offset,
        )
        self._context.metrics.restored(self._partition, applied, seconds)
