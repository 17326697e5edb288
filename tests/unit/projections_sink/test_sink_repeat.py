"""Batches that are read again, with a reader that answers from lists."""

import threading
import time
from collections.abc import Callable

import pytest

from chatsnapshot_projections.sink_batch import Record, Source, Stage
from chatsnapshot_projections.sink_joining import close
from chatsnapshot_projections.sink_lane import Lane
from chatsnapshot_projections.sink_ledger_batch import LedgerBatch
from chatsnapshot_projections.sink_offsets import Announcement, Span
from chatsnapshot_projections.sink_repeat import Repeats
from chatsnapshot_schemas.errors import RegistryUnavailable, TopicMismatch
from chatsnapshot_schemas.framing import Framing
from tests.unit.projections_sink.recorded import ledger_values, message

VALUES = [value for _key, value in ledger_values(9)]
ANNOUNCED = Announcement("topic-id", (Span(0, 4, 6), Span(2, 0, 1)))
WAIT_S = 10.0


def open_new(source: Source) -> LedgerBatch:
    return LedgerBatch(source, Framing(), records_max=2, size_max=1)


def lane(partition: int, announced: Announcement | None = ANNOUNCED, start: int = 0) -> Lane:
    return Lane(Source("x.ledger", "topic-id", partition), start, open_new, repeats=announced)


def records(span: Span) -> list[Record]:
    return [message(offset, VALUES[offset]) for offset in range(span.first, span.last + 1)]


def read(_topic: str, spans: tuple[Span, ...], _stop: threading.Event) -> dict[int, list[Record]]:
    return {span.partition: records(span) for span in spans}


def until(repeats: Repeats, lanes: list[Lane], happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not happened():
        assert time.monotonic() < deadline
        repeats.go_on(lanes)
        time.sleep(0.005)


def test_the_batch_is_the_one_that_was_announced_whatever_the_limits_are_now() -> None:
    first = [
        Lane(Source("x.ledger", "topic-id", at), 0, lambda s: LedgerBatch(s, Framing(), 99, 1 << 20)) for at in (0, 2)
    ]
    first[0].received = 4
    first[0].take(records(ANNOUNCED.spans[0]), 0.0)
    first[1].take(records(ANNOUNCED.spans[1]), 0.0)
    before = close(first, 0.0)

    lanes = [lane(0, start=4), lane(2)]
    repeats = Repeats(read, open_new)
    until(repeats, lanes, lambda: all(it.batch is not None for it in lanes))
    again = lanes[0].batch
    assert again is not None
    assert again is lanes[1].batch
    assert (again.spans, again.records, again.inserts) == (before.spans, before.records, before.inserts)
    assert again.stage is Stage.ANNOUNCED
    assert [it.repeats for it in lanes] == [None, None]


def test_whoever_owns_a_part_of_it_repeats_the_whole() -> None:
    alone = lane(2)
    repeats = Repeats(read, open_new)
    until(repeats, [alone], lambda: alone.batch is not None)
    assert alone.batch is not None
    assert alone.batch.spans == ANNOUNCED.spans
    alone.finish()
    assert alone.committed == 2


def test_records_that_are_gone_stop_the_lane() -> None:
    def gone(*_arguments: object) -> dict[int, list[Record]]:
        raise TopicMismatch("records 4-6 are not all in the topic")

    it = lane(0)
    until(Repeats(gone, open_new), [it], lambda: it.stopped is not None)
    assert "4-6" in (it.stopped or "")


def test_what_says_nothing_about_the_records_ends_the_worker_instead() -> None:
    def silent(*_arguments: object) -> dict[int, list[Record]]:
        raise RegistryUnavailable("silent")

    it = lane(0)
    with pytest.raises(RegistryUnavailable):
        until(Repeats(silent, open_new), [it], lambda: it.stopped is not None)
    assert it.stopped is None


def test_a_lane_that_was_taken_away_meanwhile_gets_nothing() -> None:
    repeats, gone, stays = Repeats(read, open_new), lane(0), lane(2)
    repeats.go_on([gone, stays])
    until(repeats, [stays], lambda: stays.batch is not None)
    assert gone.batch is None
