"""A spool: what was recorded and is not acknowledged yet, on disk, in order."""

from collections.abc import Iterator
from pathlib import Path
from typing import Self

from chatsnapshot_producers.frames import encode_frame
from chatsnapshot_producers.segment_reader import Batch, SegmentReader
from chatsnapshot_producers.segment_writer import SegmentWriter
from chatsnapshot_producers.spool_folder import Position, SpoolFolder
from chatsnapshot_producers.spooled_event import SpooledEvent

SEGMENT_BYTES_MAX = 4 * 1024 * 1024
"""What is acknowledged is deleted by whole segments: at most this much lies around in vain."""
SEGMENTS_PER_SPOOL = 8
"""A small spool has small segments, so that trimming frees room in steps."""


class Spool:
    """One folder of events. Two threads may use it: one appends (serialised by its caller), one reads and settles."""

    def __init__(self, folder: SpoolFolder, writer: SegmentWriter | None) -> None:
        self._folder = folder
        self._writer = writer
        self._reader = SegmentReader(folder)
        self._position = folder.read_position()
        self._trimmed_to = 0
        # each of these is written by one thread only: appended by the writer, settled by the reader
        self._events_appended = self._bytes_appended = 0
        self._events_settled = self._bytes_settled = 0

    @classmethod
    def create(cls, root: Path, destination: str, fingerprint: bytes, bytes_max: int, *, fsync: bool) -> Self:
        """This process's own, empty. Raises OSError."""
        folder = SpoolFolder.create(root, destination)
        segment_bytes = min(SEGMENT_BYTES_MAX, bytes_max // SEGMENTS_PER_SPOOL)
        try:
            return cls(folder, SegmentWriter(folder, fingerprint, segment_bytes, fsync=fsync))
        except OSError:
            folder.remove()
            raise

    @classmethod
    def adopted(cls, folder: SpoolFolder) -> Self:
        """What a process that died left behind."""
        return cls(folder, None)

    @property
    def path(self) -> Path:
        """Its folder."""
        return self._folder.path

    @property
    def events_appended(self) -> int:
        """How many events were ever put in."""
        return self._events_appended

    @property
    def end(self) -> Position:
        """The place behind the last event that was appended."""
        return self._writer.end if self._writer else self._position

    def is_settled(self, place: Position) -> bool:
        """Whether everything before that place is acknowledged or refused for good."""
        return self._position >= place

    @property
    def pending_events(self) -> int:
        """How many events still have to be sent; of an adopted spool: once it is counted."""
        return max(0, self._events_appended - self._events_settled)

    @property
    def pending_bytes(self) -> int:
        """What they take on disk."""
        return max(0, self._bytes_appended - self._bytes_settled)

    def append(self, key: bytes, body: bytes, payload: bytes = b"") -> None:
        """Put one event behind the others, with its whole payload when that is above the cap.

        Raises OSError and then has put nothing.
        """
        assert self._writer is not None, "an adopted spool takes nothing more"
        frame = encode_frame(key, body, payload)
        self._writer.append(frame)
        self._bytes_appended += len(frame)
        self._events_appended += 1

    def count_adopted(self) -> None:
        """Look how much an adopted spool holds."""
        self._events_appended = self._reader.count(self._position)
        sizes = [self._folder.segment(number).stat().st_size for number in self._folder.segments()]
        self._bytes_appended = max(0, sum(sizes) - self._position.offset)

    def next_batch(self) -> Batch | None:
        """The first events that are not settled; the same again until they are. None when there is none."""
        return self._reader.read(self._position, self._limit())

    def settle(self, batch: Batch) -> None:
        """Forget a batch: remember the place behind it and delete the segments before."""
        self._position = batch.end
        self._folder.write_position(batch.end)
        self._trim(batch.end.segment)
        self._bytes_settled += batch.bytes
        self._events_settled += len(batch.events)

    def pending(self) -> Iterator[SpooledEvent]:
        """What still has to be sent, in order. The reading thread's."""
        return self._reader.events(self._position, self._limit())

    def pending_ids(self) -> Iterator[str]:
        """The ids of what still has to be sent, in order."""
        return self._reader.event_ids(self._position, self._limit())

    def finish(self) -> None:
        """Let go of the folder: deleted when everything in it is settled, else left for the next start."""
        drained = self.next_batch() is None
        self._close_writer()
        if drained:
            self._folder.remove()
        else:
            self._folder.close()

    def abandon(self) -> None:
        """In a forked child: forget the parent's spool without touching it."""
        self._close_writer()
        self._folder.close()

    def _trim(self, segment: int) -> None:
        if segment == self._trimmed_to:
            return
        for number in self._folder.segments():
            if number < segment:
                self._folder.segment(number).unlink(missing_ok=True)
        self._trimmed_to = segment

    def _limit(self) -> Position | None:
        return self._writer.end if self._writer else None

    def _close_writer(self) -> None:
        if self._writer:
            self._writer.close()
