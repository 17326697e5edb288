import pytest

from chatsnapshot_processors.batching import Batching, InputGap
from chatsnapshot_processors.config import LaneLimits
from chatsnapshot_processors.intake import Intake
from tests.unit.processors_app.fetched import fetched, records


def batching(**limits: float) -> tuple[Intake, Batching]:
    told = {"transaction_interval_s": 0.0, **limits}
    made = LaneLimits(**told)  # type: ignore[arg-type]
    intake = Intake(0, 0, 100)
    intake.sought = True
    return intake, Batching(intake, made)


def offsets(batch_records: list[object]) -> list[int]:
    return [record.offset for record in batch_records]  # type: ignore[attr-defined]


def test_small_fetches_become_one_batch() -> None:
    intake, batches = batching(transaction_interval_s=0.01)
    for offset in range(5):
        fetched(intake, offset)
    batch = batches.next()
    assert (offsets([*batch.records]), batch.following) == ([0, 1, 2, 3, 4], 5)
    assert batches.empty


def test_a_large_fetch_becomes_several_batches() -> None:
    intake, batches = batching(batch_records_max=4)
    fetched(intake, *range(0, 20, 2))
    cut = [batches.next() for _ in range(3)]
    assert [offsets([*batch.records]) for batch in cut] == [[0, 2, 4, 6], [8, 10, 12, 14], [16, 18]]
    # what is committed is where the next batch begins
    assert [batch.following for batch in cut] == [8, 16, 19]
    assert batches.empty


def test_bytes_are_bounded_and_a_larger_record_goes_alone() -> None:
    intake, batches = batching(batch_bytes_max=100)
    fetched(intake, 0, 1, 2, value=bytes(30))
    fetched(intake, 3, value=bytes(500))
    fetched(intake, 4, value=bytes(30))
    assert [offsets([*batches.next().records]) for _ in range(4)] == [[0, 1], [2], [3], [4]]


def test_offsets_without_records_are_committed_once_nothing_else_waits() -> None:
    intake, batches = batching()
    fetched(intake, 0, following=2)
    assert batches.next().following == 2
    marker = intake.reserve([], 4)
    assert marker is not None
    intake.put(marker)
    batch = batches.next()
    assert (batch.records, batch.following) == ([], 4)


def test_a_lost_fetch_is_noticed() -> None:
    intake, batches = batching()
    fetched(intake, 0)
    intake.reserve(records(1), 2)  # fetched, but never handed over
    fetched(intake, 2)
    with pytest.raises(InputGap, match="from offset 2, expected 1"):
        batches.next()


def test_append_time_is_in_microseconds_and_headers_stay() -> None:
    intake, batches = batching()
    (fetch,) = [fetched(intake, 0)]
    fetch.records[0].headers = [("a", None), ("a", b"1")]
    (record,) = batches.next().records
    assert record.appended_at == 1_700_000_000_000_000
    assert record.headers == (("a", None), ("a", b"1"))
