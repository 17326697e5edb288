"""What a page may ask for."""

from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request

from chatsnapshot.server.run_views import PAGE_MAX, runs
from chatsnapshot_schemas.errors import ConfigurationError


def asked(limit: int) -> Request:
    return Request({"type": "http", "headers": [], "query_string": f"limit={limit}".encode()})


def test_a_page_has_so_many_rows_at_most() -> None:
    limits: list[int] = []
    ledger: Any = SimpleNamespace(runs=lambda limit: limits.append(limit) or [])
    runs(ledger, asked(PAGE_MAX))
    assert limits == [PAGE_MAX]
    with pytest.raises(ConfigurationError, match="limit: a whole number from 0 to 1000, not '1001'"):
        runs(ledger, asked(PAGE_MAX + 1))
