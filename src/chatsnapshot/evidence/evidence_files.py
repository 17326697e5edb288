"""The files of an evidence: a folder, or one zip archive. Written whole or not at all; read without being unpacked."""

import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from chatsnapshot_schemas.errors import ConfigurationError

MANIFEST = "manifest.json"
ARCHIVE = ".zip"
PIECE_BYTES = 1024 * 1024
"""What is hashed at once."""


@dataclass(frozen=True, slots=True)
class FileDigest:
    """What the manifest says of a file."""

    sha256: str
    bytes: int


class Target(Protocol):
    """Something with files in it."""

    def open(self, name: str) -> Any:
        """A new file, as a context manager of a binary file."""


class EvidenceWriter:
    """Files are written one after the other; `digests` has those that are done."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.digests: dict[str, FileDigest] = {}

    @contextmanager
    def file(self, name: str) -> Iterator["HashedFile"]:
        """A new file of that name, with / as the divider."""
        with self._target.open(name) as inner:
            file = HashedFile(inner)
            yield file
        self.digests[name] = file.digest()


class HashedFile:
    """A binary file whose digest is taken on the way."""

    def __init__(self, inner: BinaryIO) -> None:
        self._inner = inner
        self._sha256 = sha256()
        self._bytes = 0

    def write(self, content: bytes) -> None:
        """Append."""
        self._inner.write(content)
        self._sha256.update(content)
        self._bytes += len(content)

    def digest(self) -> FileDigest:
        """Of what was written."""
        return FileDigest(self._sha256.hexdigest(), self._bytes)


@contextmanager
def new_evidence(path: Path, *, replace: bool) -> Iterator[EvidenceWriter]:
    """A folder, or an archive for a name with .zip, that appears when the block ends well; else nothing is left.

    Raises ConfigurationError when it is there already and is not to be replaced, or cannot be written.
    """
    if path.exists() and not replace:
        raise ConfigurationError(f"{path} is there already; --force replaces it")
    if path.is_dir() and not (path / MANIFEST).is_file():
        raise ConfigurationError(f"{path} is a folder of something else: it is not replaced")
    if not path.absolute().parent.is_dir():
        raise ConfigurationError(f"{path} cannot be written: {path.absolute().parent} is no folder")
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with _target(partial, archive=path.suffix == ARCHIVE) as target:
            yield EvidenceWriter(target)
        _put_in_place(partial, path)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        _remove(partial)


@contextmanager
def _target(partial: Path, *, archive: bool) -> Iterator[Target]:
    if archive:
        with zipfile.ZipFile(partial, "x", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
            yield _ArchiveTarget(made)
    else:
        partial.mkdir()
        yield _FolderTarget(partial)


@dataclass(frozen=True, slots=True)
class _FolderTarget:
    folder: Path

    def open(self, name: str) -> BinaryIO:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("xb")


@dataclass(frozen=True, slots=True)
class _ArchiveTarget:
    archive: zipfile.ZipFile

    def open(self, name: str) -> Any:
        return self.archive.open(name, "w", force_zip64=True)


def _put_in_place(partial: Path, path: Path) -> None:
    if not path.exists():
        partial.rename(path)
        return
    before = path.with_name(f".{path.name}.{os.getpid()}.before")
    path.rename(before)
    partial.rename(path)
    _remove(before)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    with suppress(OSError):
        path.unlink(missing_ok=True)


class EvidenceFiles:
    """An evidence to be read. Raises ConfigurationError for a path that holds none."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise ConfigurationError(f"there is no {path}")
        self._folder = path if path.is_dir() else None
        try:
            self._archive = None if self._folder else zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise ConfigurationError(f"{path} is neither a folder nor a zip archive: {error}") from None
        if MANIFEST not in self.names():
            raise ConfigurationError(f"{path} is no evidence: it has no {MANIFEST}")

    def names(self) -> set[str]:
        """Every file in it, with / as the divider."""
        if self._archive is not None:
            return {name for name in self._archive.namelist() if not name.endswith("/")}
        assert self._folder is not None
        return {each.relative_to(self._folder).as_posix() for each in self._folder.rglob("*") if not each.is_dir()}

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """A file to read. Raises DamagedFile, also later, for one that cannot be read."""
        try:
            with self._open(name) as file:
                yield file
        except (OSError, KeyError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise DamagedFile(f"{name} cannot be read: {error}") from error
        except Exception as error:
            if type(error).__module__ == "zlib":
                raise DamagedFile(f"{name} cannot be read: {error}") from error
            raise

    def digest(self, name: str) -> FileDigest:
        """Of a file as it is now. Raises DamagedFile."""
        found, size = sha256(), 0
        with self.open(name) as file:
            while piece := file.read(PIECE_BYTES):
                found.update(piece)
                size += len(piece)
        return FileDigest(found.hexdigest(), size)

    def _open(self, name: str) -> Any:
        if self._archive is not None:
            return self._archive.open(name)
        assert self._folder is not None
        return (self._folder / name).open("rb")


class DamagedFile(ConfigurationError):
    """A file of an evidence is missing or cannot be read."""

    code = "damaged_file"
