"""People's SQL: on their own connection, read-only."""

from typing import TYPE_CHECKING, Any

from chatsnapshot_schemas.connections import ClickHouseConnection

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

READER = "reader"
"""The user of the embedded endpoint that may only read the project's own tables."""
ROWS_MAX = 100_000
"""Enough for a terminal; more belongs into a client of its own."""


def run_sql(clickhouse: ClickHouseConnection, query: str) -> tuple[list[str], list[tuple[Any, ...]], bool]:
    """Column names, at most ROWS_MAX rows, and whether there were more.

    Raises QueryFailed with the server's own words, ClickHouseUnavailable.
    """
    from chatsnapshot_projections.clickhouse_client import clickhouse_errors

    client = reader_client(clickhouse)
    rows: list[tuple[Any, ...]] = []
    with clickhouse_errors("query"), client.query_rows_stream(query.strip().rstrip(";")) as stream:
        columns = list(stream.source.column_names)
        for row in stream:
            if len(rows) == ROWS_MAX:
                return columns, rows, True
            rows.append(tuple(row))
    return columns, rows, False


def reader_client(clickhouse: ClickHouseConnection) -> "Client":
    """A connection for people's SQL: on the embedded endpoint as the user who may only read. Raises as `connect`."""
    from chatsnapshot_projections.clickhouse_client import connect

    user = READER if clickhouse.user == "default" and not clickhouse.password else clickhouse.user
    return connect(clickhouse.model_copy(update={"user": user}))
