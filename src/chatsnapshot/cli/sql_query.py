"""People's SQL: on their own connection, read-only."""

from typing import Any

from chatsnapshot_schemas.connections import ClickHouseConnection

READER = "reader"
"""The user of the embedded endpoint that may only read the project's own tables."""
ROWS_MAX = 100_000
"""Enough for a terminal; more belongs into a client of its own."""


def run_sql(clickhouse: ClickHouseConnection, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Column names and rows. Raises QueryFailed with the server's own words, ClickHouseUnavailable."""
    from chatsnapshot_projections.clickhouse_client import clickhouse_errors, connect

    user = READER if clickhouse.user == "default" and not clickhouse.password else clickhouse.user
    client = connect(clickhouse.model_copy(update={"user": user}))
    with clickhouse_errors("query"):
        result = client.query(query.strip().rstrip(";"))
    return list(result.column_names), [tuple(row) for row in result.result_rows[:ROWS_MAX]]
