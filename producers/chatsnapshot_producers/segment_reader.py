"""Reads the events of a spool in order, past damage, from the first place that is not acknowledged."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from chatsnapshot_producers.frames import is_cut_off, next_frame_at, read_frame
from chatsnapshot_producers.spool_folder import SEGMENT_HEADER_BYTES, SEGMENT_MAGIC, Position, SpoolFolder
from chatsnapshot_producers.spooled_event import SpooledEvent

BATCH_EVENTS_MAX = 5_000
"""One send: some milliseconds of work, far below librdkafka's queue of 100,000."""
BATCH_BYTES_MAX = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes of a segment that are no event."""

    at: Position
    data: bytes
    torn: bool
    """The beginning of an event at the very end of a segment: its write was cut off, and unless the machine lost what
    was written, nobody was told that it was recorded."""


@dataclass(slots=True)
class Batch:
    """Events in order, and the place behind them. One with its whole payload comes alone."""

    end: Position
    events: list[SpooledEvent] = field(default_factory=list)
    damages: list[Damage] = field(default_factory=list)
    bytes: int = 0


class SegmentReader:
    """Reads one folder. Holds no open file and no position: every call says where to begin."""

    def __init__(self, folder: SpoolFolder) -> None:
        self._folder = folder

    def read(self, start: Position, limit: Position | None) -> Batch | None:
        """The next events from `start`, at most BATCH_EVENTS_MAX of one segment; None at the end.

        `limit` is the writer's end in a spool that is still written to; None in one that is not.
        """
        for number in self._segments_from(start, limit):
            begin = start.offset if number == start.segment else SEGMENT_HEADER_BYTES
            end = limit.offset if limit and number == limit.segment else None
            header, data = self._read_file(number, begin, end)
            if data:
                return _parse(Position(number, begin), header, data)
        return None

    def count(self, start: Position) -> int:
        """How many events are readable from `start` to the end."""
        total, batch = 0, self.read(start, None)
        while batch is not None:
            total += len(batch.events)
            batch = self.read(batch.end, None)
        return total

    def events(self, start: Position, limit: Position | None) -> Iterator[SpooledEvent]:
        """The events from `start` on."""
        batch = self.read(start, limit)
        while batch is not None:
            yield from batch.events
            batch = self.read(batch.end, limit)

    def event_ids(self, start: Position, limit: Position | None) -> Iterator[str]:
        """The ids of the events from `start` on."""
        return (event.event_id for event in self.events(start, limit))

    def _segments_from(self, start: Position, limit: Position | None) -> list[int] | range:
        if limit is not None:
            return range(start.segment, limit.segment + 1)
        return [number for number in self._folder.segments() if number >= start.segment]

    def _read_file(self, number: int, begin: int, end: int | None) -> tuple[bytes, bytes]:
        """(header, what lies between `begin` and `end`): a segment is small, so what is left of it is read at once."""
        try:
            with self._folder.segment(number).open("rb", buffering=0) as file:
                header = file.read(SEGMENT_HEADER_BYTES)
                file.seek(begin)
                return header, file.read() if end is None else file.read(max(0, end - begin))
        except FileNotFoundError:
            return b"", b""


def _parse(start: Position, header: bytes, data: bytes) -> Batch:
    batch = Batch(end=start)
    if not header.startswith(SEGMENT_MAGIC) or len(header) < SEGMENT_HEADER_BYTES:
        return _given_up(batch, header + data)
    fingerprint = header[len(SEGMENT_MAGIC) :]
    at = 0
    while at < len(data) and len(batch.events) < BATCH_EVENTS_MAX and at < BATCH_BYTES_MAX:
        frame = read_frame(data, at)
        if frame is not None:
            if frame.payload and batch.events:
                break  # a batch of its own: what was recorded before does not wait for the blob storage
            batch.events.append(SpooledEvent(frame.key, frame.body, fingerprint, frame.payload))
            at = frame.end
            if frame.payload:
                break
        else:
            at = _step_over(batch, data, at)
    batch.end, batch.bytes = Position(start.segment, start.offset + at), at
    return batch


def _step_over(batch: Batch, data: bytes, at: int) -> int:
    """Record what cannot be read as damage; `batch.end` is still where the batch began."""
    found = next_frame_at(data, at)
    after = len(data) if found is None else found
    place = Position(batch.end.segment, batch.end.offset + at)
    batch.damages.append(Damage(place, data[at:after], torn=found is None and is_cut_off(data, at)))
    return after


def _given_up(batch: Batch, data: bytes) -> Batch:
    """A segment without its header: kept as damage, nothing can be said about its schema."""
    segment = batch.end.segment
    batch.damages.append(Damage(Position(segment, 0), data, torn=False))
    batch.end = Position(segment, batch.end.offset + len(data))
    return batch
