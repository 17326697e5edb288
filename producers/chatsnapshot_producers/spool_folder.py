"""One spool on disk: a folder that exactly one process owns by a lock the kernel releases when that process dies.

lock          held by the owner for its whole life
destination   where the events are meant to go (one line)
position      first byte that is not acknowledged: segment, offset, CRC
000001.events segments: header (magic, fingerprint of the Avro schema), then frames
"""

import fcntl
import os
import secrets
import shutil
import struct
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Self
from zlib import crc32

SEGMENT_MAGIC = b"CSSPOOL1"
SEGMENT_HEADER_BYTES = len(SEGMENT_MAGIC) + 8
_POSITION = struct.Struct(">IQ")
_POSITION_BYTES = _POSITION.size + 4
NEW_PREFIX = ".new-"
"""Of a folder that is being made."""
_MODE = 0o600


class Position(NamedTuple):
    """A place in a spool: segment number (from 1) and byte offset in it."""

    segment: int
    offset: int


START = Position(1, SEGMENT_HEADER_BYTES)


class SpoolFolder:
    """An owned spool folder: its lock, destination, position and segments. Not thread-safe, except where it says so."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock
        self._position_file: int | None = None

    @classmethod
    def create(cls, root: Path, destination: str) -> Self:
        """A new folder, born locked: it is renamed into sight only when its lock is held. Raises OSError."""
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{os.getpid()}-{secrets.token_hex(3)}"
        hidden = root / f"{NEW_PREFIX}{name}"
        hidden.mkdir(parents=True, mode=0o700)
        try:
            (hidden / "destination").write_text(f"{destination}\n", "utf-8")
            lock = os.open(hidden / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            hidden.rename(root / name)
        except OSError:
            shutil.rmtree(hidden, ignore_errors=True)
            raise
        return cls(root / name, lock)

    @classmethod
    def adopt(cls, path: Path) -> Self | None:
        """Own a folder whose process died; None while somebody owns it, or when it is gone."""
        try:
            lock = os.open(path / "lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # an adopter that was faster may have removed the folder between open and flock
            if os.fstat(lock).st_ino == (path / "lock").stat().st_ino:
                return cls(path, lock)
        except OSError:
            pass
        os.close(lock)
        return None

    @property
    def destination(self) -> str:
        """Where its events are meant to go; empty when that cannot be read."""
        try:
            return (self.path / "destination").read_text("utf-8").strip()
        except OSError:
            return ""

    def segment(self, number: int) -> Path:
        """The file of a segment."""
        return self.path / f"{number:06d}.events"

    def segments(self) -> list[int]:
        """Numbers of the segments that exist, oldest first."""
        return sorted(int(file.stem) for file in self.path.glob("*.events") if file.stem.isdigit())

    def read_position(self) -> Position:
        """The first place that is not acknowledged; the beginning when none is written or it was torn."""
        try:
            data = (self.path / "position").read_bytes()
        except OSError:
            return START
        if len(data) < _POSITION_BYTES or crc32(data[: _POSITION.size]).to_bytes(4, "big") != data[_POSITION.size :]:
            return START
        return Position(*_POSITION.unpack(data[: _POSITION.size]))

    def write_position(self, position: Position) -> None:
        """Remember what is acknowledged. A lost write only means sending again what the sequencer knows by its id."""
        if self._position_file is None:
            self._position_file = os.open(self.path / "position", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, _MODE)
        data = _POSITION.pack(*position)
        os.pwrite(self._position_file, data + crc32(data).to_bytes(4, "big"), 0)

    def remove(self) -> None:
        """Delete a folder of which everything is settled, then let go of it."""
        for file in self.path.iterdir():
            if file.name != "lock":
                file.unlink(missing_ok=True)
        (self.path / "lock").unlink(missing_ok=True)
        self.path.rmdir()
        self.close()

    def close(self) -> None:
        """Let go of the folder and leave what is in it to whoever comes next. Safe in a forked child."""
        for descriptor in (self._position_file, self._lock):
            if descriptor is not None and descriptor >= 0:
                os.close(descriptor)
        self._position_file, self._lock = None, -1
