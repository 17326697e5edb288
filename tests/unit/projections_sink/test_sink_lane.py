from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from chatsnapshot_projections.sink_batch import Batch, Source, Stage
from chatsnapshot_projections.sink_joining import close
from chatsnapshot_projections.sink_lane import Lane
from chatsnapshot_projections.sink_ledger_batch import LedgerBatch
from chatsnapshot_projections.sink_offsets import Announcement, Span
from chatsnapshot_schemas.framing import Framing
from tests.unit.projections_sink.recorded import ledger_values, message

SOURCE = Source("x.ledger", "topic-id", 0)
VALUE = next(value for _key, value in ledger_values(1))
BAD = b"not framed"


def open_new(source: Source) -> LedgerBatch:
    return LedgerBatch(source, Framing(), records_max=10, size_max=1 << 20)


ANNOUNCED = Announcement("topic-id", (Span(0, 4, 6),))


def lane(start: int = 0, repeats: Announcement | None = None) -> Lane:
    return Lane(SOURCE, start, open_new, repeats=repeats)


def records(offsets: Sequence[int], bad: int = -1) -> list:
    return [message(offset, BAD if offset == bad else VALUE) for offset in offsets]


def store(it: Lane) -> Batch:
    batch = close([it], 0.0)
    it.finish()
    return batch


def ends(batch: Batch) -> tuple[int, int]:
    (span,) = batch.spans
    return span.first, span.last


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
    covered = [offset for batch in batches for offset in offsets if ends(batch)[0] <= offset <= ends(batch)[1]]
    assert covered == offsets
    assert it.committed == offsets[-1] + 1


def test_what_was_seen_before_is_dropped() -> None:
    it = lane(start=5)
    it.take(records([3, 4, 5, 6]), 0.0)
    it.take(records([5, 6, 7]), 0.0)
    batch = store(it)
    assert (*ends(batch), batch.records) == (5, 7, 3)


def test_a_full_batch_and_a_full_open_one_close_the_tap() -> None:
    it = lane()
    it.take(records(range(12)), 0.0)
    assert not it.has_room
    close([it], 0.0)
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


def test_a_new_range_must_be_announced() -> None:
    it = lane()
    it.take(records([0]), 0.0)
    assert close([it], 0.0).stage is Stage.CLOSED


def test_nothing_goes_in_before_what_must_be_repeated() -> None:
    it = lane(4, ANNOUNCED)
    it.take(records([4, 5, 6, 7, 8]), 0.0)
    assert it.has_room
    assert not it.is_due(99.0, 0.0)
    it.reached_end(9)
    assert it.settled_offset is None
    it.go_on_with(Batch((Span(0, 4, 6),), 3, 100, (), Stage.ANNOUNCED))
    assert not it.is_due(99.0, 0.0)
    it.finish()
    assert it.committed == 7
    assert it.is_due(99.0, 0.0)
    assert ends(store(it)) == (7, 8)
    assert it.settled_offset == 9


def test_what_comes_before_an_unreadable_record_is_stored_and_then_it_stops() -> None:
    it = lane()
    it.take(records(range(5), bad=3), 0.0)
    assert it.stopped is None
    assert not it.has_room
    assert it.is_due(0.0, 99.0)
    batch = close([it], 0.0)
    assert ends(batch) == (0, 2)
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
    close([it], 0.0)
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
