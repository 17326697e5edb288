"""The same tests against the embedded parts, which run everywhere, and against the real images, where Docker is.

`backend` decides for a whole test; a module that holds for the embedded engine only parametrizes it with that alone.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conformance.clickhouse_server import connect, fresh_database
from tests.conformance.docker_parts import clickhouse_container, kafka_container, no_engine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs Docker, with the reason, before anything waits for it; one line a file in the summary."""
    need = [item for item in items if item.get_closest_marker("docker")]
    reason = no_engine() if need else None
    for item in need if reason else ():
        item.add_marker(pytest.mark.skip(reason=str(reason)))


@pytest.fixture(scope="session", params=["embedded", pytest.param("docker", marks=pytest.mark.docker)])
def backend(request: pytest.FixtureRequest) -> str:
    """`embedded` or `docker`."""
    return str(request.param)


@pytest.fixture(scope="session")
def clickhouse_url(backend: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The ClickHouse of this backend."""
    if backend == "embedded":
        yield request.getfixturevalue("clickhouse_url")
        return
    with clickhouse_container() as url:
        yield url


@pytest.fixture(scope="session")
def kafka_bootstrap(backend: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The broker of this backend."""
    if backend == "embedded":
        yield request.getfixturevalue("kafka_bootstrap")
        return
    with kafka_container() as bootstrap:
        yield bootstrap


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
