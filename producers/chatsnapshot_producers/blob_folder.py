"""Blobs in a folder: written beside, then renamed into place, so that a reader sees a whole file or none."""

import os
import secrets
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from chatsnapshot_schemas.errors import BlobMissing, BlobUnavailable

CHUNK_BYTES = 1024 * 1024
INCOMING = ".incoming"
"""Sub-folder of files that are being written."""
LEFT_BEHIND_AGE_S = 24 * 3600.0
"""So old, a file in `.incoming` is what a process that died left behind: no payload takes a day to write."""
LEFT_BEHIND_MAX = 1_000
"""So many are looked at each time."""


class BlobFolder:
    """Files under one folder, which is made when first needed, readable by its owner only."""

    def __init__(self, root: Path, *, fsync: bool) -> None:
        self._root = root
        self._fsync = fsync
        self._swept = False

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole. Raises BlobUnavailable."""
        final = self._root / name
        try:
            incoming = self._incoming()
            final.parent.mkdir(exist_ok=True)
            beside = incoming / f"{final.name}-{os.getpid()}-{secrets.token_hex(4)}"
            try:
                self._write(beside, content)
                beside.replace(final)
            except OSError:
                beside.unlink(missing_ok=True)
                raise
            if self._fsync:
                _sync_folder(final.parent)
                _sync_folder(self._root)
        except OSError as error:
            raise self._unavailable(error) from error

    def size(self, name: str) -> int | None:
        """Bytes of a file; None when it is not there. Raises BlobUnavailable."""
        try:
            return (self._root / name).stat().st_size
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unavailable(error) from error

    def chunks(self, name: str) -> Iterator[bytes]:
        """A file in pieces of CHUNK_BYTES. Raises BlobMissing, BlobUnavailable."""
        try:
            with (self._root / name).open("rb", buffering=0) as file:
                while chunk := file.read(CHUNK_BYTES):
                    yield chunk
        except FileNotFoundError as error:
            if not self._root.is_dir():  # a disk that is not mounted, rather than one lost file
                raise self._unavailable(error) from None
            raise BlobMissing(f"blob {name.rpartition('/')[2]} is not in {self._root}") from None
        except OSError as error:
            raise self._unavailable(error) from error

    def _incoming(self) -> Path:
        if not self._root.is_dir():
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        incoming = self._root / INCOMING
        incoming.mkdir(exist_ok=True)
        if not self._swept:
            self._swept = True
            _remove_left_behind(incoming)
        return incoming

    def _write(self, path: Path, content: bytes) -> None:
        with path.open("xb", buffering=0) as file:
            rest = memoryview(content)
            while rest:
                rest = rest[file.write(rest) :]
            if self._fsync:
                os.fsync(file.fileno())

    def _unavailable(self, error: OSError) -> BlobUnavailable:
        return BlobUnavailable(f"blob storage {self._root}: {error.strerror or error}")


def _remove_left_behind(incoming: Path) -> None:
    too_old = time.time() - LEFT_BEHIND_AGE_S
    for file in islice(incoming.iterdir(), LEFT_BEHIND_MAX):
        try:
            if file.stat().st_mtime < too_old:
                file.unlink()
        except FileNotFoundError:  # it is in its place, or another process was faster
            continue


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
