"""The folder that holds all data of one embedded stack: its layout, its owner, its free space."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chatsnapshot.embedded.endpoints import SUPERVISOR_LOCK
from chatsnapshot.embedded.file_lock import exclusive_lock, is_locked
from chatsnapshot.embedded.whole_file import write_whole
from chatsnapshot_schemas.errors import AlreadyRunning, ConfigurationError, DiskFull

LAYOUT_VERSION = 1
"""Raised when an older program could no longer use the folder."""
LOCK_WAIT_S = 1.0
"""Covers a reader that tests the lock for a moment."""
FREE_BYTES_TO_START = 512 * 1024 * 1024
"""Room for Kafka's first segments, the engine's merges and a minute of recording on top of the floor."""
FREE_BYTES_FLOOR = 256 * 1024 * 1024
"""Below this a running stack stops itself: enough is left for every part to end in good order."""
SUPERVISOR_LOG = "supervisor"
"""Name of the supervisor's own log, beside those of the roles."""
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class DataFolder:
    """One data folder. Paths only; nothing is made before `prepare`."""

    path: Path

    @property
    def logs(self) -> Path:
        """One log file per role."""
        return self.path / "logs"

    @property
    def kafka(self) -> Path:
        """The broker's log, configuration and identity."""
        return self.path / "kafka"

    @property
    def clickhouse(self) -> Path:
        """The engine's tables."""
        return self.path / "clickhouse"

    @property
    def ports_file(self) -> Path:
        """The ports of the last start."""
        return self.path / "ports.json"

    @property
    def state_file(self) -> Path:
        """What the supervisor is doing, and its children."""
        return self.path / "supervisor.json"

    def log(self, role: str) -> Path:
        """The log file of one role."""
        return self.logs / f"{role}.log"

    def prepare(self) -> None:
        """Make the folder, or check that it is one that this version can use. Raises ConfigurationError."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)  # histories are private
            self.logs.mkdir(exist_ok=True)
            self._check_layout()
        except OSError as error:
            raise ConfigurationError(f"the data folder {self.path} cannot be used: {error}") from error

    def _check_layout(self) -> None:
        marker = self.path / "layout.json"
        if not marker.exists():
            write_whole(marker, json.dumps({"version": LAYOUT_VERSION}))
            return
        try:
            version = int(json.loads(marker.read_text("utf-8"))["version"])
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(f"{marker} is not a layout file: {error}") from error
        if version > LAYOUT_VERSION:
            raise ConfigurationError(
                f"the data folder {self.path} has layout {version}, this version knows {LAYOUT_VERSION}: upgrade"
            )

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Be the only supervisor on this folder. Raises AlreadyRunning."""
        held = exclusive_lock(self.path / SUPERVISOR_LOCK, LOCK_WAIT_S)
        try:
            held.__enter__()
        except TimeoutError:
            raise AlreadyRunning(
                f"a stack already runs on {self.path}: `chatsnapshot status` shows it, `chatsnapshot down` stops it"
            ) from None
        try:
            yield
        finally:
            held.__exit__(None, None, None)

    def is_owned(self) -> bool:
        """Whether a supervisor runs on this folder now."""
        return is_locked(self.path / SUPERVISOR_LOCK)

    def free_bytes(self) -> int:
        """Free space of the folder's disk, for an ordinary user."""
        return shutil.disk_usage(self.path).free

    def check_room(self, needed_bytes: int) -> None:
        """Raises DiskFull when less than that is free."""
        free = self.free_bytes()
        if free < needed_bytes:
            raise DiskFull(
                f"the disk of {self.path} has {free / MEGABYTE:.0f} MB free, {needed_bytes / MEGABYTE:.0f} MB are "
                "needed: make room, or use another folder with --data-dir"
            )
