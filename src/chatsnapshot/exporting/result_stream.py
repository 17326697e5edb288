"""A query's result as ClickHouse formats it, piece by piece, and never half of it without an error."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from chatsnapshot_projections.clickhouse_client import clickhouse_errors, shown
from chatsnapshot_schemas.errors import ClickHouseUnavailable, QueryFailed

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

PIECE_BYTES = 1024 * 1024
TAIL_BYTES = 64 * 1024
"""An error in the middle of a result stands at its end: the longest message that is looked for."""
_MARKER = b"__exception__"


def result_pieces(
    client: "Client", query: str, parameters: dict[str, Any], settings: dict[str, Any], format_name: str
) -> Iterator[bytes]:
    """Pieces of at most PIECE_BYTES. Raises QueryFailed, also behind the last good piece; ClickHouseUnavailable."""
    from urllib3.exceptions import HTTPError

    with clickhouse_errors("export"):
        stream: Any = client.raw_stream(query, parameters=parameters, settings=settings, fmt=format_name)
    tail = b""
    try:
        # chunk by chunk: a read of a fixed size would throw away the words before a broken end
        for piece in stream.stream(PIECE_BYTES, decode_content=True):
            tail = (tail + piece)[-TAIL_BYTES:]
            yield piece
    except HTTPError as error:
        _raise_if_marked(tail)
        raise ClickHouseUnavailable(f"export: the connection broke: {shown(str(error))}") from error
    finally:
        stream.close()
    _raise_if_marked(tail)


def _raise_if_marked(tail: bytes) -> None:
    """ClickHouse's marker of an error after the headers: `__exception__`, a tag, the message, the tag."""
    _, marker, rest = tail.partition(_MARKER)
    if marker and _MARKER in rest:
        lines = rest.split(_MARKER)[0].decode("utf-8", "replace").split("\n")
        message = " ".join(line.strip() for line in lines if "DB::Exception" in line) or "failed"
        raise QueryFailed(f"export: {shown(message)}")
