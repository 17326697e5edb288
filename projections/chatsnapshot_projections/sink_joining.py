"""Which lanes' open batches go in together: one insert for all that wait, as far as the limits of a batch allow.

An insert has a fixed price, the planning of every projection, which is many times that of a few hundred rows. With one
insert a partition, a record would wait for its partition's turn; joined, all that came in half a second goes in.
"""

from collections.abc import Iterable, Sequence

from chatsnapshot_projections.sink_batch import Batch, closed_batch
from chatsnapshot_projections.sink_lane import Lane
from chatsnapshot_projections.sink_offsets import SPANS_MAX


def companions(first: Lane, lanes: Iterable[Lane], records_max: int, size_max: int) -> list[Lane]:
    """`first` and the lanes of its topic whose open batches fit into one batch with its own, longest waiting first."""
    chosen, records, size = [first], first.open_batch.records, first.open_batch.size
    others = (
        lane for lane in lanes if lane is not first and lane.may_close and lane.source.topic == first.source.topic
    )
    for lane in sorted(others, key=lambda lane: lane.waits_since):
        joined_records, joined_size = records + lane.open_batch.records, size + lane.open_batch.size
        if joined_records <= records_max and joined_size <= size_max and len(chosen) < SPANS_MAX:
            chosen.append(lane)
            records, size = joined_records, joined_size
    return chosen


def close(lanes: Sequence[Lane], now: float) -> Batch:
    """Make one batch of the open batches of these lanes: its spans are fixed from here on."""
    batch = closed_batch([lane.open_batch for lane in lanes], is_announced=not lanes[0].announces)
    for lane in lanes:
        lane.hold(batch, now)
    return batch


def held_bytes(lanes: Iterable[Lane]) -> int:
    """Bytes of records in memory: open batches, and closed ones once, whoever shares them."""
    lanes = list(lanes)
    closed = {id(lane.batch): lane.batch.size for lane in lanes if lane.batch is not None}
    return sum(lane.open_batch.size for lane in lanes) + sum(closed.values())
