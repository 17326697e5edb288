"""A request's body: the statement into memory, an insert's data into a file, whatever its coding and size."""

import errno
import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from chatsnapshot.embedded.clickhouse.body import Body
from chatsnapshot.embedded.clickhouse.compression import decoder
from chatsnapshot.embedded.clickhouse.errors import Code, EndpointError
from chatsnapshot.embedded.clickhouse.insert import InsertStatement, begins_insert, parse_insert
from chatsnapshot.embedded.clickhouse.multipart import form_fields, is_multipart
from chatsnapshot.embedded.clickhouse.request import QueryRequest, parameters_of
from chatsnapshot.embedded.clickhouse.statement import Statement, parse_statement

SQL_BYTES_MAX = 16 * 1024 * 1024
"""Of a statement without its data; the engine's own `max_query_size` is 256 KiB unless the client raises it."""
DATA_BYTES_MAX = 4 * 1024 * 1024 * 1024
"""Of an insert's decompressed data: a hundred of the sinks' largest blocks; stops a compression bomb."""
LOOK_FROM_BYTES = 4096
"""A body is first looked at when it has this much: nearly every INSERT shows its format by then."""


@dataclass(frozen=True)
class DataFile:
    """An INSERT and the file that holds its data. The owner removes it."""

    insert: InsertStatement
    path: Path

    def remove(self) -> None:
        """The data are no longer needed."""
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Incoming:
    """A request with its body read: a statement, or an INSERT with data."""

    request: QueryRequest
    query: Statement | DataFile


async def read_body(body: Body, request: QueryRequest, headers: Mapping[str, str], folder: Path) -> Incoming:
    """Read, decompress and outline one request; data go to a file in `folder`.

    Raises EndpointError for what cannot be served, ClientGone when the body does not end.
    """
    coding = headers.get("content-encoding")
    content_type = headers.get("content-type")
    if content_type and is_multipart(content_type):
        request, sql = await _read_form(body, request, coding, content_type)
        chunks = _once(sql)
    else:
        chunks = _plain_chunks(body, coding)
    collector = _Collector(f"{request.sql}\n" if request.sql else "", folder)
    try:
        async for chunk in chunks:
            collector.feed(chunk)
        return Incoming(request, collector.finish())
    except BaseException as error:
        collector.discard()
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise EndpointError(Code.NOT_ENOUGH_SPACE, f"no room for the request's data in {folder}") from error
        raise


async def _plain_chunks(body: Body, coding: str | None) -> AsyncIterator[bytes]:
    decode = decoder(coding)
    while (chunk := await body.chunk()) is not None:
        if chunk:
            yield decode.feed(chunk)
    decode.finish()


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _read_form(
    body: Body, request: QueryRequest, coding: str | None, content_type: str
) -> tuple[QueryRequest, bytes]:
    form = bytearray()
    async for chunk in _plain_chunks(body, coding):
        form += chunk
        if len(form) > SQL_BYTES_MAX:
            raise _too_large()
    fields = form_fields(content_type, bytes(form))
    values = {name: value.decode("utf-8", "surrogateescape") for name, value in fields.items()}
    parameters = {**request.parameters, **parameters_of(values)}
    return replace(request, parameters=parameters), fields.get("query", b"")


def _too_large() -> EndpointError:
    return EndpointError(Code.QUERY_IS_TOO_LARGE, f"the statement is longer than {SQL_BYTES_MAX} bytes")


class _Collector:
    """Takes plain bytes; once they show an INSERT with data, the rest goes to a file."""

    def __init__(self, prefix: str, folder: Path) -> None:
        self._text = bytearray(prefix.encode("latin-1"))
        self._folder = folder
        self._look_at = max(LOOK_FROM_BYTES, len(self._text))
        self._data: DataFile | None = None
        self._file: BinaryIO | None = None
        self._data_bytes = 0

    def feed(self, chunk: bytes) -> None:
        if self._file is not None:
            self._write(chunk)
            return
        self._text += chunk
        if len(self._text) >= self._look_at:
            self._look_at = 2 * len(self._text)  # a statement that goes on is not read again for every chunk
            self._look(complete=False)
        if self._file is None and len(self._text) > SQL_BYTES_MAX:
            raise _too_large()

    def finish(self) -> Statement | DataFile:
        if self._file is None:
            self._look(complete=True)
        if self._data is None or self._file is None:
            return parse_statement(self._text.decode("latin-1"))
        self._file.close()
        return self._data

    def discard(self) -> None:
        if self._file is not None:
            self._file.close()
        if self._data is not None:
            self._data.remove()

    def _look(self, complete: bool) -> None:
        text = self._text.decode("latin-1")
        insert = parse_insert(text, complete) if begins_insert(text) else None
        if not isinstance(insert, InsertStatement):
            return
        descriptor, name = tempfile.mkstemp(dir=self._folder)
        self._data, self._file = DataFile(insert, Path(name)), os.fdopen(descriptor, "wb", buffering=0)
        self._write(memoryview(self._text)[insert.data_at :])

    def _write(self, chunk: bytes | memoryview) -> None:
        self._data_bytes += len(chunk)
        if self._data_bytes > DATA_BYTES_MAX:
            raise EndpointError(Code.TOO_MANY_BYTES, f"the data of one insert are more than {DATA_BYTES_MAX} bytes")
        assert self._file is not None
        left = memoryview(chunk)
        while left:
            left = left[self._file.write(left) :]
