"""The one place that connects to ClickHouse for setting up and reading, and says what its errors mean."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from chatsnapshot_schemas.connections import ClickHouseConnection
from chatsnapshot_schemas.errors import ChatSnapshotError, ClickHouseUnavailable, MissingExtra, QueryFailed

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

CONNECT_TIMEOUT_S = 5
"""A host that is gone is noticed soon."""
ANSWER_TIMEOUT_S = 300
"""The longest that a query may take before the client gives up: reads of whole runs, migrations of large tables."""
MESSAGE_CHARS_MAX = 600
"""Of a server's message: it may repeat the whole statement."""

COME_BACK_LATER = frozenset(
    {
        159,  # TIMEOUT_EXCEEDED
        202,  # TOO_MANY_SIMULTANEOUS_QUERIES
        203,  # NO_FREE_CONNECTION
        209,  # SOCKET_TIMEOUT
        210,  # NETWORK_ERROR
        225,  # NO_ZOOKEEPER
        236,  # ABORTED: the server is going down
        241,  # MEMORY_LIMIT_EXCEEDED
        242,  # TABLE_IS_READ_ONLY
        243,  # NOT_ENOUGH_SPACE
        252,  # TOO_MANY_PARTS
        279,  # ALL_CONNECTION_TRIES_FAILED
        999,  # KEEPER_EXCEPTION
    }
)
"""ClickHouse's codes after which the same statement may succeed."""

_SCOPE = re.compile(r"\s*In scope .*", re.DOTALL)


def connect(connection: ClickHouseConnection) -> "Client":
    """A client whose statements run in the connection's database, which need not exist yet.

    Threads may share it. Raises ClickHouseUnavailable, QueryFailed (wrong password), MissingExtra.
    """
    try:
        import clickhouse_connect
    except ImportError:
        raise MissingExtra("projections", "reading from ClickHouse") from None
    with clickhouse_errors(f"ClickHouse at {connection.url}"):
        client = clickhouse_connect.get_client(
            **connection.client_options(),
            connect_timeout=CONNECT_TIMEOUT_S,
            send_receive_timeout=ANSWER_TIMEOUT_S,
            autogenerate_session_id=False,
        )
    # not given to get_client, whose own questions would fail while the database is missing
    client.database = connection.database
    return client


@contextmanager
def clickhouse_errors(doing: str) -> Iterator[None]:
    """Turn the client's errors into ClickHouseUnavailable and QueryFailed; `doing` begins the message."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    try:
        yield
    except ClickHouseError as error:
        raise mapped(error, doing) from error


def mapped(error: Exception, doing: str) -> ChatSnapshotError:
    """ClickHouseUnavailable when nothing answered or the server asks to come back; else QueryFailed."""
    from clickhouse_connect.driver.exceptions import OperationalError

    code = getattr(error, "code", None) or 0
    message = f"{doing}: {shown(str(error))}"
    if code in COME_BACK_LATER or (not code and isinstance(error, OperationalError)):
        return ClickHouseUnavailable(message)
    return QueryFailed(message, code, getattr(error, "name", None) or "")


def shown(message: str) -> str:
    """The server's words on one line, without the statement it repeats."""
    line = " ".join(_SCOPE.sub("", message).split())
    return line if len(line) <= MESSAGE_CHARS_MAX else f"{line[:MESSAGE_CHARS_MAX]}..."
