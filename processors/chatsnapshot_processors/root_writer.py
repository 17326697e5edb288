"""Roots of one lane: computed in short slices between batches, written by the lane's own transactional producer.

So a slice delays a batch by no more than SLICE_S, and a lane that was fenced cannot write a root. A root that is
computed is of the snapshot taken when it was begun; records that come meanwhile are the next one's.
"""

import logging
import time
from collections.abc import Iterator
from threading import Lock
from time import monotonic

from confluent_kafka import KafkaException, Producer

from chatsnapshot_processors.config import RootPolicy
from chatsnapshot_processors.head_snapshot import HeadSnapshot
from chatsnapshot_processors.lane_producer import CALL_TIMEOUT_S
from chatsnapshot_processors.metrics import SequencerMetrics
from chatsnapshot_processors.rocks_state import RocksState
from chatsnapshot_processors.root_topic import LedgerPlace, RootTopic
from chatsnapshot_processors.stored_tree import StoredTree
from chatsnapshot_schemas.roots import NO_PREVIOUS, MerkleRoot
from chatsnapshot_schemas.signing_key import SigningKey

log = logging.getLogger(__name__)

SLICE_S = 0.02
"""A tenth of a full batch's time."""
REST_FACTOR = 20
"""After a root the lane rests so many times what it took: with very many runs roots become rarer, not events slower."""
_MICROS = 1_000_000


class RootWriter:
    """Roots of one partition. Used by its lane; raises KafkaException, CacheBroken: then the lane begins again."""

    def __init__(
        self,
        producer: Producer,
        state: RocksState,
        place: LedgerPlace,
        topic: RootTopic,
        last: MerkleRoot | None,
        policy: RootPolicy,
        signer: SigningKey | None,
        metrics: SequencerMetrics,
        turn: Lock,
    ) -> None:
        self._producer = producer
        self._state = state
        self._place = place
        self._topic = topic
        self._last = last
        self._policy = policy
        self._signer = signer
        self._metrics = metrics
        self._turn = turn
        self._tree: StoredTree | None = None
        self._snapshot: HeadSnapshot | None = None
        self._work: Iterator[None] = iter(())
        self._busy_s = 0.0
        self._rest_until = topic.rest_until(place.partition)
        self._due_at = monotonic() + _left_of(policy.interval_s, last)

    def step(self) -> None:
        """Begin a root when one is due, go on with it for a slice, write it when it is computed."""
        if self._snapshot is None:
            if not self._is_due():
                return
            self._begin()
        with self._turn:
            began = monotonic()
            computed = self._compute_until(began + SLICE_S)
            self._busy_s += monotonic() - began
        if computed:
            self._write()

    def _is_due(self) -> bool:
        """Something changed, and time or records enough went by."""
        mark = self._state.mark
        if mark is None or mark.ledger_offset <= self._counted() or monotonic() < self._rest_until:
            return False
        return monotonic() >= self._due_at or mark.ledger_offset - self._counted() >= self._policy.records

    def _counted(self) -> int:
        """The last ledger offset that a root counts."""
        return self._last.ledger_offset if self._last is not None and self._last.ledger == self._place.ledger else -1

    def _begin(self) -> None:
        self._snapshot = self._state.snapshot()
        self._busy_s = 0.0
        self._work = self._computing(self._snapshot)

    def _computing(self, snapshot: HeadSnapshot) -> Iterator[None]:
        if self._tree is None:
            self._tree = StoredTree()
            yield from self._tree.load(snapshot.pages())
        yield from self._tree.bring_up_to(snapshot)

    def _compute_until(self, give_up: float) -> bool:
        """Whether the tree is computed."""
        return all(monotonic() <= give_up for _ in self._work)

    def _write(self) -> None:
        snapshot, tree = self._snapshot, self._tree
        assert snapshot is not None
        assert tree is not None
        root = self._made(snapshot, tree)
        self._send(root)
        pages = {number >> 8 for number in snapshot.touched.numbers()}
        self._state.store_tree({page: tree.page(page) for page in pages}, snapshot.touched)
        self._work, self._snapshot = iter(()), None
        self._last = root
        self._rest_until = monotonic() + REST_FACTOR * self._busy_s
        self._due_at = monotonic() + self._policy.interval_s
        self._metrics.root(self._place.partition, root.made_at / _MICROS, self._busy_s)
        log.debug("partition %d: root %d up to offset %d", root.partition, root.number, root.ledger_offset)

    def _send(self, root: MerkleRoot) -> None:
        try:
            self._producer.begin_transaction()
            self._producer.produce(self._topic.name, root.value, partition=self._place.partition)
            self._producer.commit_transaction(CALL_TIMEOUT_S)
        except KafkaException:
            self._topic.failed(self._place.partition, self._policy.interval_s)
            raise

    def _made(self, snapshot: HeadSnapshot, tree: StoredTree) -> MerkleRoot:
        totals, last, place = tree.totals(), self._last, self._place
        root = MerkleRoot(
            number=last.number + 1 if last else 1,
            previous=last.digest if last else NO_PREVIOUS,
            cluster_id=place.cluster_id,
            ledger_topic=place.topic,
            ledger_topic_id=place.topic_id,
            partition=place.partition,
            partitions=place.partitions,
            ledger_offset=snapshot.mark.ledger_offset,
            correlations=totals.correlations,
            records=totals.records,
            root=totals.root.hex(),
            recorded_at=snapshot.mark.recorded_at,
            made_at=time.time_ns() // 1_000,
            public_key="",
        )
        return root if self._signer is None else root.signed_by(self._signer)


def _left_of(interval_s: float, last: MerkleRoot | None) -> float:
    """Seconds until the next root: restarts do not put it off."""
    if last is None:
        return interval_s
    return min(max(interval_s - (time.time() - last.made_at / _MICROS), 0.0), interval_s)
