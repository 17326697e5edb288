from uuid import uuid4

import httpx
import pytest

from chatsnapshot.embedded.ports import free_port
from chatsnapshot.embedded.table_counts import TableCounts, table_counts
from chatsnapshot_schemas.connections import ClickHouseConnection
from chatsnapshot_schemas.errors import ClickHouseUnavailable


def test_a_table_that_is_not_there_is_unknown_and_a_repeated_row_counts_once(clickhouse_url: str) -> None:
    database = f"t{uuid4().hex[:8]}"
    connection = ClickHouseConnection(url=clickhouse_url, database=database)
    assert table_counts(connection) == TableCounts(recorded=None, held=None, quarantined=None)
    for statement in (
        f"CREATE DATABASE {database}",
        f"CREATE TABLE {database}.ledger (n UInt64) ENGINE = ReplacingMergeTree ORDER BY n",
        f"INSERT INTO {database}.ledger VALUES (1), (2)",
        f"INSERT INTO {database}.ledger VALUES (2), (3)",
        f"CREATE VIEW {database}.held AS SELECT 1 AS n WHERE 0",
    ):
        assert httpx.post(clickhouse_url, content=statement).status_code == 200
    assert table_counts(connection) == TableCounts(recorded=3, held=0, quarantined=None)


def test_an_endpoint_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(ClickHouseUnavailable):
        table_counts(ClickHouseConnection(url=f"http://127.0.0.1:{free_port()}"))
