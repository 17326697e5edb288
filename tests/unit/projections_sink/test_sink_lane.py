from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from chatsnapshot_projections.sink_batch import Batch, Source, Stage
from chatsnapshot_projections.sink_lane import Lane
from chatsnapshot_projections.sink_ledger_batch import LedgerBatch
from chatsnapshot_projections.sink_offsets import PendingRange
from chatsnapshot_schemas.framing import Framing
from tests.unit.projections_sink.recorded import ledger_values, message

SOURCE = Source("x.ledger", "topic-id", 0)
VALUE = next(value for _key, value in ledger_values(1))
BAD = b"not framed"


def open_new(source: Source) -> LedgerBatch:
    return LedgerBatch(source, Framing(), records_max=10, size_max=1 << 20)


def lane(start: int = 0, replay: PendingRange | None = None) -> Lane:
    return Lane(SOURCE, start, open_new, replay=replay)


def records(offsets: Sequence[int], bad: int = -1) -> list:
    return [message(offset, BAD if offset == bad else VALUE) for offset in offsets]


def store(it: Lane) -> Batch:
    batch = it.close(0.0)
    it.finish()
    return batch


@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=80),
    st.lists(st.integers(1, 25), min_size=1, max_size=80),
    st.data(),
)
def test_however_it_arrives_every_record_is_in_one_batch_in_order(
    steps: list[int], pieces: list[int], data: st.DataObject
) -> None:
    offsets = [sum(steps[: at + 1]) for at in range(len(steps))]
    it, batches, rest = lane(), [], records(offsets)
    while rest or it.is_due(0.0, 0.0):
        if rest and it.has_room:
            piece = pieces[len(rest) % len(pieces)]
            it.take(rest[:piece], 0.0)
            rest = rest[piece:]
        elif it.is_due(0.0, 0.0):
            batches.append(store(it))
        if it.is_due(0.0, 0.0) and data.draw(st.booleans()):
            batches.append(store(it))
    assert sum(batch.records for batch in batches) == len(offsets)
    assert all(batch.records <= 10 for batch in batches)
    covered = [offset for batch in batches for offset in offsets if batch.first <= offset <= batch.last]
    assert covered == offsets
    assert it.committed == offsets[-1] + 1


def test_what_was_seen_before_is_dropped() -> None:
    it = lane(start=5)
    it.take(records([3, 4, 5, 6]), 0.0)
    it.take(records([5, 6, 7]), 0.0)
    batch = store(it)
    assert (batch.first, batch.last, batch.records) == (5, 7, 3)


def test_a_full_batch_and_a_full_open_one_close_the_tap() -> None:
    it = lane()
    it.take(records(range(12)), 0.0)
    assert not it.has_room
    it.close(0.0)
    assert it.has_room
    it.take(records(range(12, 25)), 0.0)
    assert not it.has_room
    assert not it.is_due(9.0, 0.0)
    it.finish()
    assert it.is_due(9.0, 0.0)


def test_a_batch_waits_for_company_unless_it_is_full() -> None:
    it = lane()
    it.take(records([0]), 10.0)
    assert not it.is_due(10.2, 0.25)
    assert it.is_due(10.25, 0.25)
    it.take(records(range(1, 10)), 10.1)
    assert it.is_due(10.1, 0.25)


def test_a_new_range_must_be_announced_and_a_replayed_one_is() -> None:
    it = lane()
    it.take(records([0]), 0.0)
    assert it.close(0.0).stage is Stage.CLOSED
    replayed = lane(4, PendingRange("topic-id", 4, 6))
    replayed.take(records([4, 6]), 0.0)
    assert replayed.close(0.0).stage is Stage.ANNOUNCED


def test_a_replay_takes_exactly_its_range_with_its_holes_and_whatever_its_size() -> None:
    offsets = [4, 5, *range(8, 30)]
    it = lane(4, PendingRange("topic-id", 4, 25))
    for offset in offsets:
        assert not it.is_due(99.0, 0.0) or offset > 25
        assert it.has_room or offset > 25
        it.take(records([offset]), 0.0)
    batch = it.close(0.0)
    assert (batch.first, batch.last, batch.records) == (4, 25, 20)
    it.finish()
    following = it.close(0.0)
    assert (following.first, following.last, following.stage) == (26, 29, Stage.CLOSED)


def test_full_memory_stops_new_batches_but_never_an_announced_range() -> None:
    """Several half-read ranges could fill it, and none of them would ever be complete."""
    it = lane()
    it.take(records([0]), 0.0)
    assert it.may_fetch(memory_is_full=False)
    assert not it.may_fetch(memory_is_full=True)
    replayed = lane(4, PendingRange("topic-id", 4, 6))
    replayed.take(records([4]), 0.0)
    assert replayed.may_fetch(memory_is_full=True)
    replayed.take(records([6]), 0.0)
    assert not replayed.may_fetch(memory_is_full=True)


def test_a_replay_whose_records_are_gone_stops() -> None:
    late_start = lane(4, PendingRange("topic-id", 4, 6))
    late_start.take(records([5, 6]), 0.0)
    assert late_start.stopped is not None
    without_last = lane(4, PendingRange("topic-id", 4, 6))
    without_last.take(records([4, 5, 7]), 0.0)
    assert without_last.stopped is not None
    ended = lane(4, PendingRange("topic-id", 4, 6))
    ended.take(records([4, 5]), 0.0)
    assert ended.stopped is None
    ended.reached_end(6)
    assert ended.stopped is not None


def test_a_replay_of_everything_that_there_is_may_reach_the_end() -> None:
    it = lane(4, PendingRange("topic-id", 4, 6))
    it.take(records([4, 5, 6]), 0.0)
    it.reached_end(8)
    assert it.stopped is None
    assert store(it).last == 6
    assert it.settled_offset == 8


def test_what_comes_before_an_unreadable_record_is_stored_and_then_it_stops() -> None:
    it = lane()
    it.take(records(range(5), bad=3), 0.0)
    assert it.stopped is None
    assert not it.has_room
    assert it.is_due(0.0, 99.0)
    batch = it.close(0.0)
    assert (batch.first, batch.last) == (0, 2)
    assert it.stopped is None
    it.finish()
    assert it.stopped is not None
    assert "offset 3" in it.stopped
    assert it.committed == 3
    assert it.settled_offset is None


def test_the_end_of_the_log_is_settled_only_when_nothing_is_on_its_way() -> None:
    it = lane()
    it.take(records([0, 1]), 0.0)
    it.reached_end(3)
    assert it.settled_offset is None
    it.close(0.0)
    assert it.settled_offset is None
    it.finish()
    assert it.settled_offset == 3


def test_a_stopped_lane_takes_nothing_and_settles_nothing() -> None:
    it = lane()
    it.take(records([0]), 0.0)
    it.stop("why")
    it.take(records([1]), 0.0)
    assert not it.is_due(99.0, 0.0)
    assert not it.has_room
    assert it.settled_offset is None
    assert it.committed == 0
