"""Which partitions this worker has: lanes come with an assignment and go with a revocation."""

import logging
from collections.abc import Callable, Mapping
from functools import wraps

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from chatsnapshot_projections.sink_batch import Source
from chatsnapshot_projections.sink_consumer import committed_offsets
from chatsnapshot_projections.sink_delivery import Delivery
from chatsnapshot_projections.sink_intake import Intake
from chatsnapshot_projections.sink_lane import Lane
from chatsnapshot_projections.sink_offsets import announcement
from chatsnapshot_schemas.errors import TopicMismatch

log = logging.getLogger(__name__)

REVOKE_WITHIN_S = 5.0
"""For inserts under way when a partition is taken away: the rest of the group waits meanwhile. What is not done by then
is left to the next owner, who finds the announced range."""

LaneKey = tuple[str, int]
Callback = Callable[[Consumer, list[TopicPartition]], None]


class Assignment:
    """The lanes of this worker, kept in step with the consumer group by the consumer's rebalance callbacks."""

    def __init__(self, intakes: Mapping[str, Intake], delivery: Delivery) -> None:
        self.lanes: dict[LaneKey, Lane] = {}
        self.joined = False
        """Whether the group has said what is this worker's: nothing, when it has more workers than partitions."""
        self.failure: Exception | None = None
        """What a callback raised: an exception must not pass through the client's C code."""
        self._intakes = intakes
        self._delivery = delivery

    def subscribe(self, consumer: Consumer) -> None:
        """Join the group."""
        consumer.subscribe(
            list(self._intakes),
            on_assign=self._kept(self._assigned),
            on_revoke=self._kept(self._revoked),
            on_lost=self._kept(self._lost),
        )

    def open_new(self) -> None:
        """Let records in. Not done at assignment: a fetch in progress may still hold records of an earlier one."""
        for lane in self.lanes.values():
            lane.is_opened = True

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        partitions = [place for place in partitions if self._is_mine(place)]
        self.joined = True
        if not partitions:
            return
        committed = committed_offsets(consumer, partitions)
        for place in committed:
            lane = self._lane(place)
            self.lanes[place.topic, place.partition] = lane
            log.info(
                "%s assigned from %s%s", lane.source, lane.committed, ", repeating a batch" if lane.repeats else ""
            )
        consumer.incremental_assign([_start(place) for place in committed])
        consumer.pause(committed)

    def _is_mine(self, place: TopicPartition) -> bool:
        """Not so for a topic that this static member read under an earlier version: the broker may still know it so."""
        if place.topic in self._intakes:
            return True
        log.warning("%s/%s is not this worker's to read and is left alone", place.topic, place.partition)
        return False

    def _lane(self, place: TopicPartition) -> Lane:
        intake = self._intakes[place.topic]
        source = Source(place.topic, intake.topic_id, place.partition)
        start = place.offset if place.offset >= 0 else 0
        try:
            repeats = announcement(place.metadata, source.topic_id, place.partition)
        except TopicMismatch as error:
            lane = Lane(source, start, intake.open_new, announces=intake.announces)
            lane.stop(str(error))
            return lane
        return Lane(source, start, intake.open_new, repeats=repeats, announces=intake.announces)

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        partitions = [place for place in partitions if self._is_mine(place)]
        self._delivery.settle(self._of(partitions), REVOKE_WITHIN_S)
        self._forget(partitions)
        consumer.incremental_unassign(partitions)

    def _lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self.joined = False
        log.warning("partitions lost, others have them by now: %s", [f"{p.topic}/{p.partition}" for p in partitions])
        self._forget(partitions)

    def _of(self, partitions: list[TopicPartition]) -> list[Lane]:
        found = (self.lanes.get((place.topic, place.partition)) for place in partitions)
        return [lane for lane in found if lane is not None]

    def _forget(self, partitions: list[TopicPartition]) -> None:
        for place in partitions:
            lane = self.lanes.pop((place.topic, place.partition), None)
            if lane is not None:
                lane.batch = None  # an insert under way may end; its result is for nobody

    def _kept(self, callback: Callback) -> Callback:
        @wraps(callback)
        def guarded(consumer: Consumer, partitions: list[TopicPartition]) -> None:
            try:
                callback(consumer, partitions)
            except Exception as error:
                self.failure = error

        return guarded


def _start(committed: TopicPartition) -> TopicPartition:
    offset = committed.offset if committed.offset >= 0 else OFFSET_BEGINNING
    return TopicPartition(committed.topic, committed.partition, offset)
