"""Blobs behind ChatSnapshot's own HTTP interface: PUT, GET and HEAD of `/v1/blobs/{sha256}`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chatsnapshot_producers.blobs import blob_name, ref_of, whole_blob
from chatsnapshot_producers.forking import unforked
from chatsnapshot_schemas.envelope import PayloadRef
from chatsnapshot_schemas.errors import (
    BlobChanged,
    BlobMissing,
    BlobUnavailable,
    ConfigurationError,
    InvalidEvent,
)
from chatsnapshot_schemas.reasons import Reason

if TYPE_CHECKING:
    import httpx

CONNECT_S = 5.0
SILENCE_S = 60.0
"""Without a byte for so long a connection is given up; a server may be storing 64 MiB meanwhile."""
CHUNK_BYTES = 1024 * 1024
SAID_BYTES_MAX = 2_000
"""Of an answer that is an error."""


class HttpBlobStore:
    """A server of role `ingest` (put) and `read` (get). `api_key` is sent as `Authorization: Bearer`.

    Holds no connection: blobs are rare, and a forked child must not share one.
    """

    def __init__(self, base_url: str, api_key: str | None = None) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigurationError(f"blobs: http(s)://host:port is needed, not {base_url!r}")
        self._base_url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}

    @property
    def where(self) -> str:
        """As `BlobStore.where`."""
        return f"{self._base_url}/v1/blobs"

    def uri(self, sha256: str) -> str:
        """As `BlobStore.uri`."""
        return f"{self.where}/{sha256}"

    def put(self, content: bytes) -> PayloadRef:
        """As `BlobStore.put`."""
        ref = ref_of(content, self)
        with self._request("PUT", ref.sha256, content) as answer:
            if answer.status_code in (404, 405):
                raise ConfigurationError(f"{self.where} takes no blobs: {_said(answer)}; it needs role ingest")
            if answer.status_code in (413, 422):
                raise InvalidEvent("payload", f"{self.where} does not take it: {_said(answer)}", Reason.TOO_LARGE)
            self._check(answer)
        return ref

    def size(self, sha256: str) -> int | None:
        """As `BlobStore.size`."""
        try:
            with self._request("HEAD", sha256) as answer:
                self._check(answer)
                return int(answer.headers["content-length"])
        except BlobMissing:
            return None

    def chunks(self, sha256: str) -> Iterator[bytes]:
        """As `BlobStore.chunks`. The server checks the digest before it answers: BlobChanged comes from there."""
        with self._request("GET", sha256) as answer:
            self._check(answer)
            yield from answer.iter_bytes(CHUNK_BYTES)

    def get(self, ref: PayloadRef) -> bytes:
        """As `BlobStore.get`."""
        return whole_blob(self, ref)

    @contextmanager
    def _request(self, method: str, sha256: str, content: bytes | None = None) -> Iterator["httpx.Response"]:
        with unforked():
            import httpx  # 100 ms that only a process with large payloads pays for

        blob_name(sha256)  # a digest and nothing else goes into the path
        timeout = httpx.Timeout(SILENCE_S, connect=CONNECT_S)
        try:
            with httpx.stream(
                method, self.uri(sha256), content=content, headers=self._headers, timeout=timeout
            ) as answer:
                yield answer
        except httpx.HTTPError as error:
            raise BlobUnavailable(f"blob storage {self.where}: {type(error).__name__}: {error}") from None

    def _check(self, answer: "httpx.Response") -> None:
        status = answer.status_code
        if status in (200, 201):
            return
        said = _said(answer)
        if status == 404:
            raise BlobMissing(f"{self.where}: {said}")
        if status in (401, 403):
            raise ConfigurationError(f"{self.where} refuses the key: {said}")
        if BlobChanged.code in said:
            raise BlobChanged(f"{self.where}: {said}")
        raise BlobUnavailable(f"blob storage {self.where}: {said}")


def _said(answer: "httpx.Response") -> str:
    """Status and the beginning of the body."""
    if answer.request.method == "HEAD":
        return f"status {answer.status_code}"
    body = b"".join(answer.iter_bytes())[:SAID_BYTES_MAX]
    return f"status {answer.status_code}: {body.decode(errors='replace')}"
