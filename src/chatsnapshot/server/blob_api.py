"""`/v1/blobs/{sha256}`: payloads above the cap, put and got by their digest.

A digest is all that is asked for: whoever knows it knows the payload already, or has the event that names it.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from tempfile import SpooledTemporaryFile
from typing import IO

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from chatsnapshot.server.answers import JsonAnswer, error_answer
from chatsnapshot_producers.blobs import BLOB_BYTES_MAX, BlobStore, check_blob, checked_chunks, is_digest
from chatsnapshot_schemas.envelope import PayloadRef
from chatsnapshot_schemas.errors import BlobChanged, BlobMissing, ChatSnapshotError, InvalidEvent
from chatsnapshot_schemas.reasons import Reason

PATH = "/v1/blobs/{sha256}"
MEMORY_BYTES_MAX = 1024 * 1024
"""Of a body that is being received; the rest lies in a temporary file."""
STORED_AT_ONCE = 4
"""Bodies that are in memory whole, on their way to the storage."""
_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=31536000, immutable"}


def routes(store: BlobStore, *, read: bool = True, write: bool = True) -> list[Route]:
    """GET and HEAD belong to role `read`, PUT to role `ingest`."""
    api = BlobApi(store)
    return [
        *([Route(PATH, api.get, methods=["GET", "HEAD"])] if read else []),
        *([Route(PATH, api.put, methods=["PUT"])] if write else []),
    ]


class BlobApi:
    """The handlers over one store."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self._storing = asyncio.Semaphore(STORED_AT_ONCE)

    async def get(self, request: Request) -> Response:
        """The payload as JSON: 200; 404 `blob_missing`; 502 `blob_changed`: what is stored is not what was put.

        It is read through before the first byte is sent, so that a changed one is never given out.
        """
        sha256 = request.path_params["sha256"]
        try:
            ref = await run_in_threadpool(self._ref, sha256)
            if request.method == "GET":
                await run_in_threadpool(check_blob, self._store, ref)
        except ChatSnapshotError as error:
            return _refusal(request, error)
        headers = {**_HEADERS, "Content-Length": str(ref.bytes), "ETag": f'"{sha256}"'}
        if request.method == "HEAD":
            return Response(headers=headers, media_type="application/json")
        return StreamingResponse(self._stream(ref), headers=headers, media_type="application/json")

    async def put(self, request: Request) -> Response:
        """Store the body: 201, or 200 when it was there; 422: the body is not what the digest says; 413: too large."""
        sha256 = request.path_params["sha256"]
        if not is_digest(sha256):
            return _answer(422, "invalid_digest", "64 lower-case hexadecimal digits are needed in the path")
        try:
            with SpooledTemporaryFile(MEMORY_BYTES_MAX) as body:
                found = await _received(request, body)
                if found != sha256:
                    return _answer(422, "digest_mismatch", f"the SHA-256 of the body is {found}")
                async with self._storing:
                    there, ref = await run_in_threadpool(self._store_it, body)
        except ChatSnapshotError as error:
            return error_answer(request, error)
        answer = {"sha256": ref.sha256, "bytes": ref.bytes, "uri": ref.uri}
        return JsonAnswer(answer, status_code=200 if there else 201)

    def _ref(self, sha256: str) -> PayloadRef:
        size = self._store.size(sha256)
        if size is None:
            raise BlobMissing(f"blob {sha256} is not in the blob storage")
        return PayloadRef(self._store.uri(sha256), sha256, size)

    def _store_it(self, body: IO[bytes]) -> tuple[bool, PayloadRef]:
        body.seek(0)
        content = body.read()
        there = self._store.size(hashlib.sha256(content).hexdigest()) == len(content)
        return there, self._store.put(content)

    def _stream(self, ref: PayloadRef) -> AsyncIterator[bytes]:
        chunks: Iterator[bytes] = checked_chunks(self._store, ref)
        return iterate_in_threadpool(chunks)


async def _received(request: Request, body: IO[bytes]) -> str:
    """Write a request's body into a file; its SHA-256. Raises InvalidEvent as soon as it is too large."""
    told = request.headers.get("content-length", "")
    if told.isdigit() and int(told) > BLOB_BYTES_MAX:
        raise _too_large()
    digest, size = hashlib.sha256(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > BLOB_BYTES_MAX:
            raise _too_large()
        digest.update(chunk)
        body.write(chunk)
    return digest.hexdigest()


def _too_large() -> InvalidEvent:
    return InvalidEvent("body", f"a blob has at most {BLOB_BYTES_MAX} bytes", Reason.TOO_LARGE)


def _refusal(request: Request, error: ChatSnapshotError) -> Response:
    return _answer(502, error.code, str(error)) if isinstance(error, BlobChanged) else error_answer(request, error)


def _answer(status: int, code: str, message: str) -> Response:
    return JsonAnswer({"error": {"code": code, "message": message}}, status_code=status)
