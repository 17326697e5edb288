"""What lies in the spools, looked at from outside: nothing is owned, sent or changed."""

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from chatsnapshot_producers.rejected_events import DAMAGED_SUFFIX, RejectedEvents
from chatsnapshot_producers.segment_reader import Batch, SegmentReader
from chatsnapshot_producers.spool_folder import NEW_PREFIX, SpoolFolder
from chatsnapshot_schemas.codec import decode_plain
from chatsnapshot_schemas.envelope import moment
from chatsnapshot_schemas.errors import InvalidEvent

_NO_LOCK = -1
"""A folder that is only read."""
_REASONS_SUFFIX = ".reasons.ndjson"


@dataclass(frozen=True, slots=True)
class SpoolReport:
    """One spool folder. Of one that is owned the figures are those of a moment."""

    path: Path
    destination: str
    owned: bool
    """Whether a living process holds it, which then sends it by itself."""
    segments: int
    events: int
    """Not acknowledged yet."""
    bytes: int
    """What they take on disk."""
    oldest: datetime | None
    """The producer's time of the first of them."""


@dataclass(frozen=True, slots=True)
class RejectedReport:
    """Events of one spool that the destination refused for good, ready for `chatsnapshot import`."""

    path: Path
    events: int
    reasons: Path


@dataclass(frozen=True, slots=True)
class DamageReport:
    """Bytes of a spool that could not be read: of an event that was lost with them, or was never written whole."""

    path: Path
    bytes: int


def spool_reports(root: Path) -> Iterator[SpoolReport]:
    """Every spool below `root`, oldest first; reads each once."""
    for path in sorted(root.iterdir()) if root.is_dir() else []:
        if path.name.startswith(NEW_PREFIX) or not (path / "lock").is_file():
            continue
        owned = _is_owned(path)
        yield _report(SpoolFolder(path, _NO_LOCK), owned=owned)


def rejected_reports(root: Path) -> Iterator[RejectedReport]:
    """Every file of refused events."""
    folder = RejectedEvents(root).folder
    for path in sorted(folder.glob("*.ndjson")):
        if not path.name.endswith(_REASONS_SUFFIX):
            with path.open("rb") as file:
                yield RejectedReport(path, sum(1 for _ in file), path.with_name(f"{path.stem}{_REASONS_SUFFIX}"))


def damage_reports(root: Path) -> Iterator[DamageReport]:
    """Every piece of a spool that was kept because it could not be read."""
    for path in sorted(RejectedEvents(root).folder.glob(f"*{DAMAGED_SUFFIX}")):
        yield DamageReport(path, path.stat().st_size)


def _report(folder: SpoolFolder, *, owned: bool) -> SpoolReport:
    reader, place = SegmentReader(folder), folder.read_position()
    events = size = 0
    oldest = None
    while (batch := reader.read(place, None)) is not None:
        oldest = oldest or _time_of_first(batch)
        events += len(batch.events)
        size += batch.bytes
        place = batch.end
    return SpoolReport(folder.path, folder.destination, owned, len(folder.segments()), events, size, oldest)


def _time_of_first(batch: Batch) -> datetime | None:
    try:
        return moment(decode_plain(batch.events[0].body)["timestamp"]) if batch.events else None
    except InvalidEvent:  # written by a version with another schema
        return None


def _is_owned(path: Path) -> bool:
    try:
        lock = os.open(path / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False
