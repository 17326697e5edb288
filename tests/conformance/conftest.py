"""Fixtures of the ClickHouse conformance tests. They run against any server that `clickhouse_url` names."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conformance.clickhouse_server import connect, fresh_database


@pytest.fixture
def database(clickhouse_url: str) -> Iterator[str]:
    with fresh_database(clickhouse_url) as name:
        yield name


@pytest.fixture
def client(clickhouse_url: str, database: str) -> Iterator[Any]:
    connected = connect(clickhouse_url, database=database)
    yield connected
    connected.close()


@pytest.fixture
def http(clickhouse_url: str) -> Iterator[httpx.Client]:
    """A plain HTTP client, as curl is; the base URL is the endpoint."""
    with httpx.Client(base_url=clickhouse_url, timeout=60) as plain:
        yield plain
