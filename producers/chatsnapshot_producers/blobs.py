"""Blob storage: payloads above the cap, each under its SHA-256, so that putting one twice changes nothing.

A blob is found by its digest in the storage that was configured, never by a URI that an event names: whoever may
write events must not be able to make readers open files or addresses of their choice. The URI in an event's
`payload_ref` tells people and other programs where the producer put the payload.
"""

import hashlib
from collections.abc import Iterator
from typing import Protocol

from chatsnapshot_producers.blob_folder import BlobFolder
from chatsnapshot_producers.blob_objects import BlobObjects
from chatsnapshot_producers.blob_url import BlobUrl
from chatsnapshot_schemas.envelope import PayloadRef
from chatsnapshot_schemas.errors import BlobChanged, BlobMissing

BLOB_BYTES_MAX = 64 * 1024 * 1024
"""A payload is one JSON text in the memory of producer and reader: larger things belong elsewhere, as attachments."""


class BlobStore(Protocol):
    """Where payloads above the cap are kept. Threads may share one; a forked child may go on with it."""

    @property
    def where(self) -> str:
        """For people: the storage without credentials."""
        ...

    def uri(self, sha256: str) -> str:
        """What `payload_ref.uri` says of this digest: no credentials, no query. Nothing is contacted."""
        ...

    def put(self, content: bytes) -> PayloadRef:
        """Store content under its digest; one that is there with the same length is not written again.

        Raises BlobUnavailable (try again), InvalidEvent (this content is never taken), ConfigurationError.
        """
        ...

    def size(self, sha256: str) -> int | None:
        """Length of a blob in bytes; None when it is not there. Raises BlobUnavailable."""
        ...

    def chunks(self, sha256: str) -> Iterator[bytes]:
        """A blob piece by piece, unchecked. Raises BlobMissing, BlobUnavailable."""
        ...

    def get(self, ref: PayloadRef) -> bytes:
        """A blob, digest and length checked. Raises BlobMissing, BlobChanged, BlobUnavailable."""
        ...


class FsspecBlobStore:
    """Blobs in a folder (`/path`, `file:///path`) or in any storage that fsspec has a driver for (`s3://...`).

    `fsync`: a folder's files survive the loss of power, too.
    Raises ConfigurationError for a URL that cannot be used, naming the package of a driver that is not installed.
    """

    def __init__(self, url: str, *, fsync: bool = False) -> None:
        self._url = BlobUrl.parse(url)
        folder = self._url.folder
        self._kept: BlobFolder | BlobObjects = (
            BlobObjects(self._url) if folder is None else BlobFolder(folder, fsync=fsync)
        )

    @property
    def where(self) -> str:
        """As `BlobStore.where`."""
        return self._url.public

    def uri(self, sha256: str) -> str:
        """As `BlobStore.uri`."""
        return f"{self._url.public}/{blob_name(sha256)}"

    def put(self, content: bytes) -> PayloadRef:
        """As `BlobStore.put`."""
        ref = ref_of(content, self)
        if self.size(ref.sha256) != ref.bytes:
            self._kept.write(blob_name(ref.sha256), content)
        return ref

    def size(self, sha256: str) -> int | None:
        """As `BlobStore.size`."""
        return self._kept.size(blob_name(sha256))

    def chunks(self, sha256: str) -> Iterator[bytes]:
        """As `BlobStore.chunks`."""
        return self._kept.chunks(blob_name(sha256))

    def get(self, ref: PayloadRef) -> bytes:
        """As `BlobStore.get`."""
        return whole_blob(self, ref)


def blob_name(sha256: str) -> str:
    """The path of a blob in its storage. Raises BlobMissing for what is no digest."""
    if not is_digest(sha256):
        raise BlobMissing(f"{sha256[:80]!r} is not the SHA-256 of a blob: 64 lower-case hexadecimal digits")
    return f"{sha256[:2]}/{sha256}"


def is_digest(text: str) -> bool:
    """Whether that is a SHA-256 in lower-case hexadecimal."""
    return len(text) == 64 and not text.strip("0123456789abcdef")


def ref_of(content: bytes, store: BlobStore) -> PayloadRef:
    """What an event says of this content once it is in `store`. Nothing is contacted."""
    sha256 = hashlib.sha256(content).hexdigest()
    return PayloadRef(uri=store.uri(sha256), sha256=sha256, bytes=len(content))


def checked_chunks(store: BlobStore, ref: PayloadRef) -> Iterator[bytes]:
    """A blob piece by piece; after the last one BlobChanged, if it is not what the event says.

    Raises BlobMissing, BlobChanged, BlobUnavailable. A blob that is longer than it should be is not read to its end.
    """
    digest, size = hashlib.sha256(), 0
    for chunk in store.chunks(ref.sha256):
        size += len(chunk)
        if size > ref.bytes:
            raise BlobChanged(f"blob {ref.sha256} in {store.where} is longer than the {ref.bytes:,} bytes recorded")
        digest.update(chunk)
        yield chunk
    if size != ref.bytes:
        raise BlobChanged(f"blob {ref.sha256} in {store.where} has {size:,} bytes, {ref.bytes:,} were recorded")
    if digest.hexdigest() != ref.sha256:
        raise BlobChanged(f"blob {ref.sha256} in {store.where} has another digest: {digest.hexdigest()}")


def whole_blob(store: BlobStore, ref: PayloadRef) -> bytes:
    """A blob, digest and length checked, in memory. Raises BlobMissing, BlobChanged, BlobUnavailable."""
    if ref.bytes > BLOB_BYTES_MAX:
        raise BlobChanged(f"blob {ref.sha256}: no payload has {ref.bytes:,} bytes, the most are {BLOB_BYTES_MAX:,}")
    return b"".join(checked_chunks(store, ref))


def check_blob(store: BlobStore, ref: PayloadRef) -> None:
    """Read a blob through, in bounded memory. Raises BlobMissing, BlobChanged, BlobUnavailable."""
    for _ in checked_chunks(store, ref):
        pass
