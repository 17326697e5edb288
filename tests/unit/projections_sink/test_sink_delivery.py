"""The steps of a batch, with commits and inserts that are told how to end."""

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError

from chatsnapshot_projections.metrics import SinkMetrics
from chatsnapshot_projections.sink_batch import Insert, Mark, Source, Stage
from chatsnapshot_projections.sink_delivery import Delivery
from chatsnapshot_projections.sink_insert import InsertThreads
from chatsnapshot_projections.sink_joining import close
from chatsnapshot_projections.sink_lane import Lane
from chatsnapshot_projections.sink_ledger_batch import LedgerBatch
from chatsnapshot_projections.sink_offsets import Announcement, Span
from chatsnapshot_schemas.framing import Framing
from tests.unit.projections_sink.recorded import ledger_values, message

SOURCE = Source("x.ledger", "topic-id", 0)
VALUE = next(value for _key, value in ledger_values(1))
PENDING = Announcement("topic-id", (Span(0, 5, 7),)).to_metadata(0)
WAIT_S = 10.0


class World:
    """What happened, in order, and what is to happen next."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.inserts: list[Insert] = []
        self.insert_errors: list[Exception] = []
        self.commit_errors: list[str] = []
        self.hold = threading.Event()
        self.hold.set()
        self.metrics = SinkMetrics()
        self.threads = InsertThreads(self.write, 2)
        self.delivery = Delivery(
            self.commit, self.threads, self.metrics, lambda step, _source: self.events.append(step)
        )

    def write(self, insert: Insert) -> None:
        if ":5-7:" in insert.token:
            self.hold.wait(WAIT_S)
        self.inserts.append(insert)
        if self.insert_errors:
            raise self.insert_errors.pop(0)

    def commit(self, marks: Sequence[Mark]) -> str | None:
        if self.commit_errors:
            return self.commit_errors.pop(0)
        self.events.append("commit " + " and ".join(f"{mark.offset} {mark.metadata}".strip() for mark in marks))
        return None

    def retry(self, lane: Lane, until: Callable[[], bool]) -> None:
        """Repeat as the worker does, without its waiting times."""
        for _ in range(100):
            if until():
                return
            if lane.batch:
                lane.batch.retry_at = 0.0
            self.delivery.repeat([lane])
            self.delivery.collect(wait_s=0.05)
        raise AssertionError(f"did not happen; events: {self.events}")


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.threads.close()


def lane_with(offsets: range, partition: int = 0) -> Lane:
    source = Source(SOURCE.topic, SOURCE.topic_id, partition)
    lane = Lane(source, offsets.start, lambda source: LedgerBatch(source, Framing(), 100, 1 << 20))
    lane.take([message(offset, VALUE) for offset in offsets], 0.0)
    return lane


STEPS = ["closed", f"commit 5 {PENDING}", "announced", "stored", "commit 8", "committed"]


def test_announced_inserted_committed_in_this_order(world: World) -> None:
    lane = lane_with(range(5, 8))
    world.delivery.begin([lane])
    assert world.events == STEPS[:3]
    world.delivery.settle([lane], WAIT_S)
    assert world.events == STEPS
    assert (lane.batch, lane.committed) == (None, 8)
    assert world.metrics.registry.get_sample_value("chatsnapshot_sink_rows_total", {"table": "ledger"}) == 3


def test_what_was_read_again_is_not_announced_again(world: World) -> None:
    lane = lane_with(range(5, 8))
    batch = close([lane], 0.0)
    batch.stage = Stage.ANNOUNCED
    world.delivery.repeat([lane])
    world.delivery.settle([lane], WAIT_S)
    assert world.events == ["stored", "commit 8", "committed"]


def test_partitions_go_in_together_under_one_token_and_one_commit(world: World) -> None:
    lanes = [lane_with(range(5, 8)), lane_with(range(20, 22), partition=3)]
    world.delivery.begin(lanes)
    world.delivery.settle(lanes, WAIT_S)
    (insert,) = world.inserts
    assert ":0:5-7,3:20-21:" in insert.token
    assert insert.rows == 5
    both = Announcement("topic-id", (Span(0, 5, 7), Span(3, 20, 21)))
    announcing = f"commit 5 {both.to_metadata(0)} and 20 {both.to_metadata(3)}"
    assert world.events == ["closed", announcing, "announced", "stored", "commit 8 and 22", "committed"]
    assert [lane.committed for lane in lanes] == [8, 22]


def test_a_partition_that_is_taken_away_leaves_the_rest_of_its_batch_going(world: World) -> None:
    lanes = [lane_with(range(5, 8)), lane_with(range(20, 22), partition=3)]
    world.insert_errors = [OperationalError("reset")]
    world.delivery.begin(lanes)
    world.delivery.collect(WAIT_S)
    lanes[0].batch = None  # as when it is taken away
    world.retry(lanes[1], lambda: lanes[1].batch is None)
    assert world.inserts[0] is world.inserts[1], "not the same bytes"
    assert "commit 22" in world.events
    assert lanes[0].committed == 5


def test_partitions_that_are_refused_together_go_alone_once_more(world: World) -> None:
    lanes = [lane_with(range(5, 8)), lane_with(range(20, 22), partition=3)]
    world.insert_errors = [DatabaseError("throws", code=395)]
    world.delivery.begin(lanes)
    world.delivery.settle(lanes, WAIT_S)
    alone = [Announcement("topic-id", (Span(0, 5, 7),)), Announcement("topic-id", (Span(3, 20, 21),))]
    assert [lane.repeats for lane in lanes] == alone
    assert not any(lane.stopped for lane in lanes)


def test_nothing_is_inserted_before_the_announcement_is_in(world: World) -> None:
    lane = lane_with(range(5, 8))
    world.commit_errors = ["rebalance in progress", "rebalance in progress"]
    world.delivery.begin([lane])
    world.delivery.collect(wait_s=0.05)
    assert world.inserts == []
    world.retry(lane, lambda: lane.batch is None)
    assert world.events == STEPS
    labels = {"code": "commit"}
    assert world.metrics.registry.get_sample_value("chatsnapshot_sink_retries_total", labels) == 2


def test_an_ambiguous_failure_sends_the_same_object_again(world: World) -> None:
    lane = lane_with(range(5, 8))
    world.insert_errors = [OperationalError("reset"), DatabaseError("busy", code=252), OperationalError("timed out")]
    world.delivery.begin([lane])
    world.retry(lane, lambda: lane.batch is None)
    assert len(world.inserts) == 4
    assert all(insert is world.inserts[0] for insert in world.inserts)
    assert world.events == STEPS
    for code in ("connection", "252"):
        labels = {"code": code}
        assert (world.metrics.registry.get_sample_value("chatsnapshot_sink_retries_total", labels) or 0) >= 1


def test_a_failed_attempt_waits_and_frees_its_thread(world: World) -> None:
    lane = lane_with(range(5, 8))
    world.insert_errors = [OperationalError("reset")]
    world.delivery.begin([lane])
    world.delivery.collect(wait_s=WAIT_S)
    assert lane.batch is not None
    assert lane.batch.retry_at > 0
    assert not lane.batch.in_flight
    world.delivery.repeat([lane])
    assert len(world.inserts) == 1, "repeated before its time"
    assert world.threads.busy == 0


def test_a_permanent_failure_stops_the_lane_where_it_was(world: World) -> None:
    lane = lane_with(range(5, 8))
    world.insert_errors = [DatabaseError("no such table", code=60)]
    world.delivery.begin([lane])
    world.delivery.settle([lane], WAIT_S)
    assert lane.stopped is not None
    assert "(60)" in lane.stopped
    assert "commit 8" not in world.events
    assert lane.committed == 5
    world.delivery.commit_idle(lane)
    assert world.events == STEPS[:3]


def test_a_lost_final_commit_is_repeated_without_inserting_again(world: World) -> None:
    lane = lane_with(range(5, 8))
    world.hold.clear()
    world.delivery.begin([lane])
    world.commit_errors = ["coordinator moved"]
    world.hold.set()
    world.delivery.settle([lane], WAIT_S)
    world.retry(lane, lambda: lane.batch is None)
    assert len(world.inserts) == 1
    assert world.events == STEPS


def test_what_was_given_up_is_not_committed_when_its_answer_comes(world: World) -> None:
    lane = lane_with(range(5, 8))
    world.hold.clear()
    world.delivery.begin([lane])
    lane.batch = None  # as when the partition is taken away
    world.hold.set()
    world.delivery.collect(wait_s=WAIT_S)
    assert world.events == STEPS[:3]
    assert world.threads.busy == 0


def test_one_slow_partition_does_not_stop_another(world: World) -> None:
    slow, other = lane_with(range(5, 8)), lane_with(range(20, 22), partition=1)
    world.hold.clear()
    world.delivery.begin([slow])
    assert world.delivery.has_free_thread
    world.delivery.begin([other])
    world.delivery.settle([other], WAIT_S)
    assert other.committed == 22
    assert slow.batch is not None
    assert slow.batch.in_flight
    world.hold.set()
    world.delivery.settle([slow], WAIT_S)
    assert slow.committed == 8


def test_the_end_of_the_log_is_committed_once(world: World) -> None:
    lane = lane_with(range(5, 8))
    world.delivery.begin([lane])
    world.delivery.settle([lane], WAIT_S)
    lane.reached_end(9)
    for _ in range(3):
        world.delivery.commit_idle(lane)
    assert world.events == [*STEPS, "commit 9"]
