"""The sink's loop: one thread owns the consumer, every lane and every commit; inserts run in threads beside it.

    fetch -> lanes -> close a batch -> commit `first` with the pending range -> insert -> commit `last + 1`

The owner never waits for ClickHouse, so it polls on while ClickHouse is down. A worker that dies at any step leaves
either nothing, or an announced range that its successor repeats under the same token.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence

from confluent_kafka import Consumer, TopicPartition

from chatsnapshot_projections.metrics import SinkMetrics
from chatsnapshot_projections.sink_assignment import Assignment
from chatsnapshot_projections.sink_batch import Mark
from chatsnapshot_projections.sink_config import SinkConfig
from chatsnapshot_projections.sink_consumer import commit, consumer_config
from chatsnapshot_projections.sink_delivery import Delivery, OnStep
from chatsnapshot_projections.sink_insert import InsertThreads, Write
from chatsnapshot_projections.sink_intake import Intake
from chatsnapshot_projections.sink_joining import companions, held_bytes
from chatsnapshot_projections.sink_lane import Lane
from chatsnapshot_projections.sink_repeat import Repeats, SpanReader
from chatsnapshot_projections.sink_router import route
from chatsnapshot_projections.sink_trouble import ClientTrouble
from chatsnapshot_schemas.known_brokers import KnownBrokers

log = logging.getLogger(__name__)

FETCH_RECORDS_MAX = 5_000
"""Per call: some milliseconds of work, then inserts that ended are looked at."""
FETCH_WAIT_S = 0.1
"""What a quiet sink adds to the delay of a record, at most."""
REPORT_AFTER_S = 1.0
"""Lag and stopped partitions are measured this often."""
END_WITHIN_S = 3.5
"""At the end, for inserts under way, and as long again for leaving the group: supervisors wait ten seconds."""

EXIT_OK = 0
EXIT_STOPPED = 1


class SinkWorker:
    """One member of the sink's consumer group."""

    def __init__(
        self, config: SinkConfig, intakes: Mapping[str, Intake], write: Write, metrics: SinkMetrics, on_step: OnStep
    ) -> None:
        self._config = config
        self._intakes = intakes
        self._metrics = metrics
        self._trouble = ClientTrouble(config.kafka)
        self._brokers = KnownBrokers()
        self._consumer = Consumer(consumer_config(config, self._trouble.report) | self._brokers.client_config())
        self._threads = InsertThreads(write, config.inserts_in_flight_max)
        self._delivery = Delivery(self._commit, self._threads, metrics, on_step)
        self._assignment = Assignment(intakes, self._delivery)
        self._repeats = Repeats(
            SpanReader(config.kafka, config.group), lambda source: intakes[source.topic].open_new(source)
        )
        self.stepped_at = time.monotonic()
        """When the loop last came round; monotonic seconds."""
        self._report_at = 0.0
        self._lag_shown: set[tuple[str, str]] = set()

    @property
    def joined(self) -> bool:
        """Whether the group has given this worker its share, which may be nothing."""
        return self._assignment.joined

    def run(self, stop: threading.Event) -> int:
        """Work until `stop` is set (0) or every owned partition stopped (1). Raises what makes going on impossible."""
        self._assignment.subscribe(self._consumer)
        try:
            while not stop.is_set():
                self._step()
                self.stepped_at = time.monotonic()
                if self._all_stopped():
                    log.error("every partition of %s that this sink has is stopped", ", ".join(self._intakes))
                    return EXIT_STOPPED
            return EXIT_OK
        finally:
            self._end()

    def _step(self) -> None:
        messages = self._consumer.consume(FETCH_RECORDS_MAX, FETCH_WAIT_S)
        self._brokers.check()
        failure = self._assignment.failure or self._trouble.failure
        if failure is not None:
            raise failure
        route(messages, self._assignment.lanes, self._trouble, time.monotonic())
        self._assignment.open_new()
        lanes = list(self._assignment.lanes.values())
        self._repeats.go_on(lanes)
        self._delivery.collect()
        self._delivery.repeat(lanes)
        self._begin_due(lanes)
        self._throttle(lanes)
        for lane in lanes:
            self._delivery.commit_idle(lane)
        self._report(lanes)

    def _begin_due(self, lanes: list[Lane]) -> None:
        """The record that waits longest first, with all that may go in with it, as often as the pace allows."""
        now = time.monotonic()
        due = [lane for lane in lanes if lane.is_due(now, self._intakes[lane.source.topic].linger_s)]
        for lane in sorted(due, key=lambda lane: lane.waits_since):
            intake = self._intakes[lane.source.topic]
            if not self._delivery.has_free_thread:
                return
            if lane.may_close and intake.pace.is_free(now):  # else it went with another, or its turn has not come
                intake.pace.start(now)
                self._delivery.begin(self._company(lane, lanes) if intake.announces else [lane])

    def _company(self, lane: Lane, lanes: list[Lane]) -> list[Lane]:
        return companions(lane, lanes, self._config.batch_records, self._config.batch_bytes)

    def _throttle(self, lanes: list[Lane]) -> None:
        """Fetch only for lanes with room, and for no new batch while too much is in memory."""
        memory_is_full = held_bytes(lanes) > self._config.buffered_bytes_max
        for lane in lanes:
            pause = memory_is_full or not lane.has_room
            if pause == lane.is_paused:
                continue
            place = [TopicPartition(lane.source.topic, lane.source.partition)]
            (self._consumer.pause if pause else self._consumer.resume)(place)
            lane.is_paused = pause

    def _commit(self, marks: Sequence[Mark]) -> str | None:
        return commit(self._consumer, marks)

    def _all_stopped(self) -> bool:
        lanes = self._assignment.lanes
        return bool(lanes) and all(lane.stopped and lane.is_reported for lane in lanes.values())

    def _report(self, lanes: list[Lane]) -> None:
        for lane in lanes:
            if lane.stopped and not lane.is_reported:
                lane.is_reported = True
                log.error("%s STOPPED; nothing of it is skipped, a person must act: %s", lane.source, lane.stopped)
        now = time.monotonic()
        if now < self._report_at:
            return
        self._report_at = now + REPORT_AFTER_S
        stopped = Counter(lane.source.topic for lane in lanes if lane.stopped)
        for topic in self._intakes:
            self._metrics.stopped_partitions.labels(topic).set(stopped[topic])
        self._report_lag(lanes)

    def _report_lag(self, lanes: list[Lane]) -> None:
        shown: set[tuple[str, str]] = set()
        for lane in lanes:
            place = TopicPartition(lane.source.topic, lane.source.partition)
            ends = self._consumer.get_watermark_offsets(place, cached=True)
            if ends is not None and ends[1] >= 0:
                labels = (place.topic, str(place.partition))
                shown.add(labels)
                self._metrics.lag.labels(*labels).set(max(0, ends[1] - max(lane.committed, ends[0])))
        for labels in self._lag_shown - shown:
            self._metrics.lag.remove(*labels)
        self._lag_shown = shown

    def _end(self) -> None:
        """Let inserts under way end, then leave the group; both in bounded time."""
        self._delivery.settle(list(self._assignment.lanes.values()), END_WITHIN_S)
        self._assignment.lanes.clear()
        self._repeats.close()
        self._threads.close()
        closing = threading.Thread(target=self._consumer.close, name="sink-close", daemon=True)
        closing.start()
        closing.join(END_WITHIN_S)


class WorkerThread(threading.Thread):
    """A worker in a thread of its own. A daemon: what hangs in it must not keep the process alive."""

    def __init__(self, worker: SinkWorker, stop: threading.Event, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.code = EXIT_OK
        self.error: Exception | None = None
        """What the worker raised."""
        self.worker = worker
        self._stop_event = stop

    def run(self) -> None:
        """Work to the end and keep how it ended."""
        try:
            self.code = self.worker.run(self._stop_event)
        except Exception as error:
            self.error = error
