"""The endpoint's server, its application left alone: how many connections it serves."""

import socket
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from chatsnapshot.embedded.clickhouse import endpoint
from chatsnapshot.embedded.clickhouse.endpoint import _listening, _Server

HOST = "127.0.0.1"
BOUND = 4


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(endpoint, "CONNECTIONS_MAX", BOUND)
    service: Any = SimpleNamespace(engine=SimpleNamespace(version="1"))
    with _listening(HOST, 0) as listener:
        listener.listen()
        server = _Server(service, HOST, listener)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join()


def test_a_request_beyond_the_connections_is_refused_and_places_come_back(port: int) -> None:
    def ping() -> httpx.Response:
        return httpx.get(f"http://{HOST}:{port}/ping", trust_env=False)

    idle = [socket.create_connection((HOST, port)) for _ in range(BOUND - 2)]
    assert ping().status_code == 200
    idle.append(socket.create_connection((HOST, port)))
    refused = ping()
    assert (refused.status_code, refused.headers["Connection"]) == (503, "close")
    for each in idle:
        each.close()
    assert ping().status_code == 200
