from chatsnapshot_projections.sink_batch import Source
from chatsnapshot_projections.sink_joining import close, companions, held_bytes
from chatsnapshot_projections.sink_lane import Lane
from chatsnapshot_projections.sink_ledger_batch import LedgerBatch
from chatsnapshot_projections.sink_offsets import SPANS_MAX, Announcement, Span
from chatsnapshot_schemas.framing import Framing
from tests.unit.projections_sink.recorded import ledger_values, message

VALUE = next(value for _key, value in ledger_values(1))
NO_LIMIT = 1 << 30


def lane(partition: int, count: int, since: float = 0.0, topic: str = "x.ledger") -> Lane:
    source = Source(topic, "topic-id", partition)
    it = Lane(source, 0, lambda source: LedgerBatch(source, Framing(), 1_000, NO_LIMIT))
    it.take([message(offset, VALUE) for offset in range(count)], since)
    return it


def test_all_that_wait_go_together_longest_waiting_first() -> None:
    lanes = [lane(0, 2, since=3.0), lane(1, 2, since=2.0), lane(2, 2, since=1.0)]
    assert companions(lanes[1], lanes, NO_LIMIT, NO_LIMIT) == [lanes[1], lanes[2], lanes[0]]


def test_who_cannot_go_is_left_out() -> None:
    empty, stopped, closed, repeating, elsewhere = (lane(at, 2) for at in range(5))
    empty = lane(0, 0)
    stopped.stop("why")
    close([closed], 0.0)
    closed.take([message(9, VALUE)], 0.0)
    repeating.repeat(Announcement("topic-id", (Span(3, 0, 1),)))
    elsewhere = lane(4, 2, topic="x.state")
    first = lane(5, 1)
    assert companions(first, [empty, stopped, closed, repeating, elsewhere, first], NO_LIMIT, NO_LIMIT) == [first]


def test_the_limits_of_a_batch_hold_for_all_together() -> None:
    lanes = [lane(at, 4, since=float(at)) for at in range(5)]
    assert len(companions(lanes[0], lanes, 11, NO_LIMIT)) == 2
    assert len(companions(lanes[0], lanes, NO_LIMIT, 3 * lanes[0].open_batch.size)) == 3
    assert companions(lanes[0], lanes, 1, 1) == [lanes[0]], "a full one goes alone"
    crowd = [lane(at, 1) for at in range(SPANS_MAX + 5)]
    assert len(companions(crowd[0], crowd, NO_LIMIT, NO_LIMIT)) == SPANS_MAX


def test_one_batch_in_the_order_of_the_partitions_whoever_came_first() -> None:
    def made(order: tuple[int, ...]) -> tuple[object, ...]:
        lanes = {at: lane(at, at + 1) for at in (0, 4, 7)}
        batch = close([lanes[at] for at in order], 0.0)
        assert all(it.batch is batch and it.open_batch.records == 0 for it in lanes.values())
        return batch.spans, batch.records, batch.inserts

    assert made((0, 4, 7)) == made((7, 0, 4))
    spans, records, _inserts = made((4, 7, 0))
    assert spans == (Span(0, 0, 0), Span(4, 0, 4), Span(7, 0, 7))
    assert records == 14


def test_a_shared_batch_counts_once() -> None:
    lanes = [lane(0, 3), lane(1, 3)]
    before = held_bytes(lanes)
    close(lanes, 0.0)
    assert held_bytes(lanes) == before
