"""Appends frames to the segments of a spool folder."""

import os

from chatsnapshot_producers.spool_folder import SEGMENT_HEADER_BYTES, SEGMENT_MAGIC, START, Position, SpoolFolder


class SegmentWriter:
    """The one writer of a folder. The caller serialises `append`; `end` may be read by another thread."""

    def __init__(self, folder: SpoolFolder, fingerprint: bytes, segment_bytes_max: int, *, fsync: bool) -> None:
        self._folder = folder
        self._header = SEGMENT_MAGIC + fingerprint
        self._segment_bytes_max = segment_bytes_max
        self._fsync = fsync
        self._file, self._number = self._open(START.segment), START.segment
        self.end = START
        """Everything before it is written whole."""

    def append(self, frame: bytes) -> None:
        """Write one frame at the end. Raises OSError and then leaves `end` as it was."""
        segment, offset = self.end
        full = offset > SEGMENT_HEADER_BYTES and offset + len(frame) > self._segment_bytes_max
        if full or self._number != segment:  # the second: a segment was begun, but its first frame was not written
            segment, offset = self._begin(segment + 1)
        # pwrite at a known end: what a failed or cut-off write left behind is overwritten by the next one
        self._write(frame, offset)
        self.end = Position(segment, offset + len(frame))

    def _write(self, data: bytes, offset: int) -> None:
        written = os.pwrite(self._file, data, offset)
        while written < len(data):
            written += os.pwrite(self._file, data[written:], offset + written)
        if self._fsync:
            os.fdatasync(self._file)

    def _begin(self, number: int) -> Position:
        file = self._open(number)
        os.close(self._file)
        self._file, self._number = file, number
        return Position(number, SEGMENT_HEADER_BYTES)

    def _open(self, number: int) -> int:
        path = self._folder.segment(number)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            if os.pwrite(file, self._header, 0) != len(self._header):
                raise OSError(f"{path}: the header was not written whole")
            if self._fsync:
                self._fsync_with_folder(file)
        except OSError:
            os.close(file)
            raise
        return file

    def _fsync_with_folder(self, file: int) -> None:
        os.fsync(file)
        folder = os.open(self._folder.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def close(self) -> None:
        """Let go of the file; nothing is buffered. A second time does nothing: the number may be another file's."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
