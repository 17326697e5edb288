"""What the ClickHouse conformance tests share: clients and a database of their own."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import clickhouse_connect
import httpx


def connect(url: str, **options: Any) -> Any:
    """An unmodified clickhouse-connect client."""
    parts = urlsplit(url)
    return clickhouse_connect.get_client(host=parts.hostname, port=parts.port, **options)


@contextmanager
def fresh_database(url: str) -> Iterator[str]:
    """A database that is dropped at the end."""
    name = f"t{uuid.uuid4().hex[:12]}"
    with httpx.Client(timeout=60) as http:
        assert http.post(url, content=f"CREATE DATABASE {name}").status_code == 200
        try:
            yield name
        finally:
            http.post(url, content=f"DROP DATABASE {name}")
