"""Blobs in any storage that fsspec drives. The one module that imports fsspec's file systems."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chatsnapshot_producers.blob_url import BlobUrl
from chatsnapshot_producers.forking import unforked
from chatsnapshot_schemas.errors import BlobMissing, BlobUnavailable, ChatSnapshotError

CHUNK_BYTES = 1024 * 1024
_WITH_FOLDERS = frozenset({"sftp", "ssh", "ftp", "smb", "hdfs", "webhdfs", "arrow_hdfs", "dbfs"})
"""Storages that keep a file only in a folder that was made; in the others making one could make a bucket."""


class BlobObjects:
    """Objects under one URL.

    Holds no connection: fsspec keeps one file system a process and URL, and makes a new one in a forked child.
    """

    def __init__(self, url: BlobUrl) -> None:
        self._url = url

    def write(self, name: str, content: bytes) -> None:
        """Write an object whole. Raises BlobUnavailable."""
        try:
            with self._errors(name):
                files, path = self._open(name)
                if self._url.public.partition("://")[0] in _WITH_FOLDERS:
                    files.makedirs(path.rpartition("/")[0], exist_ok=True)
                files.pipe_file(path, content)
        except BlobMissing:
            raise BlobUnavailable(f"blob storage {self._url.public}: no such bucket or folder") from None

    def size(self, name: str) -> int | None:
        """Bytes of an object; None when it is not there. Raises BlobUnavailable."""
        try:
            with self._errors(name):
                files, path = self._open(name)
                return int(files.info(path)["size"])
        except BlobMissing:
            return None

    def chunks(self, name: str) -> Iterator[bytes]:
        """An object in pieces of CHUNK_BYTES. Raises BlobMissing, BlobUnavailable."""
        with self._errors(name):
            files, path = self._open(name)
            with files.open(path, "rb") as file:
                while chunk := file.read(CHUNK_BYTES):
                    yield chunk

    def _open(self, name: str) -> tuple[Any, str]:
        with unforked():
            from fsspec.core import url_to_fs

        files, path = url_to_fs(f"{self._url.address}/{name}", **self._url.options)
        return files, str(path)

    @contextmanager
    def _errors(self, name: str) -> Iterator[None]:
        """Each driver has errors of its own: what says "no such object" is known, the rest is trouble."""
        try:
            yield
        except FileNotFoundError:
            raise BlobMissing(f"blob {name.rpartition('/')[2]} is not in {self._url.public}") from None
        except ChatSnapshotError:
            raise
        except Exception as error:
            said = self._url.without_secrets(f"{type(error).__name__}: {error}")
            raise BlobUnavailable(f"blob storage {self._url.public}: {said}") from None
