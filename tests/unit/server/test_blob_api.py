"""The blob routes behind a real server, used by the store that producers use."""

import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from chatsnapshot.server import blob_api
from chatsnapshot.server.answers import error_answer
from chatsnapshot_producers.blobs import BLOB_BYTES_MAX, FsspecBlobStore
from chatsnapshot_producers.http_blobs import HttpBlobStore
from chatsnapshot_schemas.envelope import PayloadRef
from chatsnapshot_schemas.errors import (
    BlobChanged,
    BlobMissing,
    BlobUnavailable,
    ChatSnapshotError,
    ConfigurationError,
    InvalidEvent,
)

CONTENT = b'{"content":"' + b"x" * 3_000_000 + b'"}'
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def kept(tmp_path: Path) -> FsspecBlobStore:
    return FsspecBlobStore(str(tmp_path / "disk" / "blobs"))


@pytest.fixture
def url(kept: FsspecBlobStore) -> Iterator[str]:
    yield from serving(kept, read=True, write=True)


def serving(kept: FsspecBlobStore, *, read: bool, write: bool) -> Iterator[str]:
    routes = blob_api.routes(kept, read=read, write=write)
    app = Starlette(routes=routes, exception_handlers={ChatSnapshotError: error_answer})
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


def test_what_was_put_is_got(url: str, kept: FsspecBlobStore) -> None:
    store = HttpBlobStore(f"{url}/")
    ref = store.put(CONTENT)
    assert ref == PayloadRef(f"{url}/v1/blobs/{DIGEST}", DIGEST, len(CONTENT))
    assert kept.get(ref) == CONTENT
    assert store.get(ref) == CONTENT
    assert store.size(DIGEST) == len(CONTENT)
    assert store.put(CONTENT) == ref


def test_a_new_blob_is_created_and_a_known_one_is_there(url: str, kept: FsspecBlobStore) -> None:
    first, second = (httpx.put(f"{url}/v1/blobs/{DIGEST}", content=CONTENT) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == {"sha256": DIGEST, "bytes": len(CONTENT), "uri": kept.uri(DIGEST)}
    got = httpx.get(f"{url}/v1/blobs/{DIGEST}")
    assert got.headers["content-type"] == "application/json"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.content == CONTENT


def test_a_body_that_is_not_what_the_digest_says_is_refused(url: str, kept: FsspecBlobStore) -> None:
    answer = httpx.put(f"{url}/v1/blobs/{DIGEST}", content=CONTENT[:-1])
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "digest_mismatch")
    assert kept.size(DIGEST) is None
    answer = httpx.put(f"{url}/v1/blobs/nonsense", content=CONTENT)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_digest")


def chunked(size: int) -> Iterator[bytes]:
    while size > 0:
        yield b"x" * min(size, 1024 * 1024)
        size -= 1024 * 1024


def test_a_body_that_is_too_large_is_not_taken(url: str) -> None:
    head = f"PUT /v1/blobs/{DIGEST} HTTP/1.1\r\nHost: x\r\nContent-Length: {BLOB_BYTES_MAX + 1}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=30) as connection:
        connection.sendall(head.encode())  # and not one byte of it
        assert connection.recv(1_000).startswith(b"HTTP/1.1 413 ")
    answer = httpx.put(f"{url}/v1/blobs/{DIGEST}", content=chunked(BLOB_BYTES_MAX + 1), timeout=60)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


def test_what_is_not_there_is_missing(url: str) -> None:
    store = HttpBlobStore(url)
    assert store.size(DIGEST) is None
    with pytest.raises(BlobMissing, match=DIGEST):
        store.get(PayloadRef("", DIGEST, 5))
    assert httpx.get(f"{url}/v1/blobs/{DIGEST}").json()["error"]["code"] == "blob_missing"
    assert httpx.get(f"{url}/v1/blobs/..%2F..%2Fetc%2Fpasswd").status_code == 404


def test_a_changed_blob_is_never_given_out(url: str, kept: FsspecBlobStore, tmp_path: Path) -> None:
    ref = kept.put(CONTENT)
    (tmp_path / "disk" / "blobs" / DIGEST[:2] / DIGEST).write_bytes(CONTENT.replace(b"x", b"y", 1))
    answer = httpx.get(f"{url}/v1/blobs/{DIGEST}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "blob_changed")
    with pytest.raises(BlobChanged):
        HttpBlobStore(url).get(ref)


def test_storage_that_is_away_asks_to_come_back(url: str, tmp_path: Path) -> None:
    (tmp_path / "disk").touch()
    answer = httpx.put(f"{url}/v1/blobs/{DIGEST}", content=CONTENT)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "blob_unavailable")
    assert "retry-after" in answer.headers
    with pytest.raises(BlobUnavailable):
        HttpBlobStore(url).put(CONTENT)


def test_a_server_that_is_away_is_unavailable(free_tcp_port: int) -> None:
    store = HttpBlobStore(f"http://someone:hidden@127.0.0.1:{free_tcp_port}")
    assert store.where == f"http://127.0.0.1:{free_tcp_port}/v1/blobs"
    with pytest.raises(BlobUnavailable, match="ConnectError"):
        store.put(CONTENT)


@pytest.fixture
def url_of_reader(kept: FsspecBlobStore) -> Iterator[str]:
    yield from serving(kept, read=True, write=False)


def test_a_server_that_only_reads_takes_none(url_of_reader: str) -> None:
    with pytest.raises(ConfigurationError, match="role ingest"):
        HttpBlobStore(url_of_reader).put(CONTENT)


class Mistaken(HttpBlobStore):
    """Sends something else than the digest says."""

    def uri(self, sha256: str) -> str:
        return super().uri("ab" * 32)


def test_what_is_refused_for_good_is_an_invalid_event(url: str) -> None:
    with pytest.raises(InvalidEvent, match="digest_mismatch"):
        Mistaken(url).put(CONTENT)
