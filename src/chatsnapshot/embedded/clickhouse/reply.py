"""A response as ClickHouse's HTTP interface gives it: headers, coding, and an error in the middle of a stream."""

import asyncio
import json
import secrets
import string
from collections.abc import Mapping

from starlette.types import Send

from chatsnapshot.embedded.clickhouse.compression import encoder
from chatsnapshot.embedded.clickhouse.engine import Engine, Outcome
from chatsnapshot.embedded.clickhouse.errors import EndpointError
from chatsnapshot.embedded.clickhouse.request import QueryRequest

SEND_STALL_S = 300.0
"""A client that takes nothing for so long is given up: it holds a place of a lane. clickhouse-connect's own timeout."""
TAG_LENGTH = 16
_CONTENT_TYPES: Mapping[str, str] = {
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "TabSeparatedWithNames": "text/tab-separated-values; charset=UTF-8",
    "TabSeparatedWithNamesAndTypes": "text/tab-separated-values; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "JSONCompactEachRow": "application/x-ndjson; charset=UTF-8",
    "XML": "application/xml; charset=UTF-8",
}
_BINARY_FORMATS = (
    "Native",
    "RowBinary",
    "Parquet",
    "Arrow",
    "ORC",
    "Avro",
    "Npy",
    "MsgPack",
    "BSONEachRow",
    "Protobuf",
)


class Reply:
    """The answer to one request: `begin`, then any number of `write`, then `finish` or `fail`."""

    def __init__(self, send: Send, engine: Engine, request: QueryRequest) -> None:
        self._send = send
        self._engine = engine
        self._request = request
        self._encoder = encoder(request.response_coding, request.compression_level)
        self.begun = False
        self._tag = "".join(secrets.choice(string.ascii_lowercase) for _ in range(TAG_LENGTH))

    async def begin(self, output_format: str | None, summary: Mapping[str, int]) -> None:
        """Status 200 and the headers; `output_format` is None for a statement without a result."""
        headers = self._headers() | {
            "Content-Type": _content_type(output_format),
            "X-ClickHouse-Summary": json.dumps({name: str(value) for name, value in summary.items()}),
            "X-ClickHouse-Exception-Tag": self._tag,
        }
        if output_format is not None:
            headers["X-ClickHouse-Format"] = output_format
        if self._request.response_coding is not None:
            headers["Content-Encoding"] = self._request.response_coding
        await self._start(200, headers)

    async def write(self, data: bytes) -> None:
        """Some of the result."""
        if coded := self._encoder.feed(data):
            await self._body(coded, more=True)

    async def finish(self) -> None:
        """The result is complete."""
        await self._body(self._encoder.finish(), more=False)

    async def fail(self, error: EndpointError) -> None:
        """An error after the headers: ClickHouse's marker, then nothing: the response is never completed."""
        text = error.body(self._engine.version)
        length = len(text.encode("utf-8", "surrogateescape"))
        marker = (f"\r\n__exception__\r\n{self._tag}\r\n{text}{length} {self._tag}\r\n__exception__\r\n").encode(
            "utf-8", "surrogateescape"
        )
        await self._body(self._encoder.feed(marker) + self._encoder.finish(), more=True)

    async def refuse(self, error: EndpointError) -> None:
        """An error instead of a result, with its own status."""
        body = error.body(self._engine.version).encode("utf-8", "surrogateescape")
        headers = self._headers() | {
            "Content-Type": "text/plain; charset=UTF-8",
            "Content-Length": str(len(body)),
            "X-ClickHouse-Exception-Code": str(error.code),
        }
        await self._start(error.status, headers)
        await self._body(body, more=False)

    def _headers(self) -> dict[str, str]:
        return {
            "X-ClickHouse-Server-Display-Name": self._engine.display_name,
            "X-ClickHouse-Query-Id": self._request.query_id,
            "X-ClickHouse-Timezone": self._engine.timezone,
        }

    async def _start(self, status: int, headers: Mapping[str, str]) -> None:
        named = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
        self.begun = True
        await self._send({"type": "http.response.start", "status": status, "headers": named})

    async def _body(self, data: bytes, more: bool) -> None:
        async with asyncio.timeout(SEND_STALL_S):
            await self._send({"type": "http.response.body", "body": data, "more_body": more})


def read_summary(outcome: Outcome | None) -> dict[str, int]:
    """The summary of a read; of one that still runs nothing is known."""
    if outcome is None:
        return {"read_rows": 0, "read_bytes": 0, "written_rows": 0, "written_bytes": 0}
    return {
        "read_rows": outcome.read_rows,
        "read_bytes": outcome.read_bytes,
        "written_rows": 0,
        "written_bytes": 0,
        "result_rows": outcome.rows,
        "elapsed_ns": int(outcome.elapsed_s * 1e9),
    }


def insert_summary(outcome: Outcome, data_bytes: int) -> dict[str, int]:
    """The summary of an insert with data; `written_bytes` is the size of the data as they came."""
    return {
        "read_rows": outcome.rows,
        "read_bytes": data_bytes,
        "written_rows": outcome.rows,
        "written_bytes": data_bytes,
        "elapsed_ns": int(outcome.elapsed_s * 1e9),
    }


def _content_type(output_format: str | None) -> str:
    if output_format is not None and output_format.startswith(_BINARY_FORMATS):
        return "application/octet-stream"
    return _CONTENT_TYPES.get(output_format or "TabSeparated", "text/plain; charset=UTF-8")
