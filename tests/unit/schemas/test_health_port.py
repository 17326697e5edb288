"""The port of probes and metrics, over real sockets."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection

import pytest
from prometheus_client import CollectorRegistry, Counter

from chatsnapshot_schemas.errors import PortTaken
from chatsnapshot_schemas.health_port import CONNECTIONS_MAX, _Handler, health_port

LOOPBACK = "127.0.0.1"


@dataclass
class Daemon:
    """What the checks say, and where they are asked."""

    port: int = 0
    sick: str | None = None
    busy: str | None = None


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    registry = CollectorRegistry()
    Counter("things", "Things", registry=registry).inc(3)
    told = Daemon()
    with health_port(LOOPBACK, 0, registry, healthy=lambda: told.sick, ready=lambda: told.busy) as port:
        assert port is not None
        told.port = port
        yield told


def ask(port: int, path: str, method: str = "GET") -> tuple[int, str]:
    connection = HTTPConnection(LOOPBACK, port, timeout=10)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_a_well_daemon(daemon: Daemon) -> None:
    assert ask(daemon.port, "/healthz") == (200, "ok\n")
    assert ask(daemon.port, "/readyz?verbose") == (200, "ready\n")
    status, metrics = ask(daemon.port, "/metrics")
    assert status == 200
    assert "things_total 3.0" in metrics


def test_complaints_are_503_with_the_reason(daemon: Daemon) -> None:
    daemon.busy = "waits for ClickHouse"
    assert ask(daemon.port, "/readyz") == (503, "waits for ClickHouse\n")
    assert ask(daemon.port, "/healthz") == (200, "ok\n")
    daemon.sick = "stuck"
    assert ask(daemon.port, "/healthz") == (503, "stuck\n")


def test_other_paths_and_methods(daemon: Daemon) -> None:
    assert ask(daemon.port, "/")[0] == 404
    assert ask(daemon.port, "/healthz", "POST")[0] == 405
    assert ask(daemon.port, "/healthz", "HEAD")[0] == 200


def test_connections_beyond_the_bound_are_closed_and_places_come_back(daemon: Daemon) -> None:
    idle = [socket.create_connection((LOOPBACK, daemon.port)) for _ in range(CONNECTIONS_MAX)]
    with socket.create_connection((LOOPBACK, daemon.port), timeout=10) as one_more:
        assert one_more.recv(1) == b""
    for each in idle:
        each.close()
    status = 0
    while status != 200:  # bounded by the test's own time limit
        try:
            status, _ = ask(daemon.port, "/healthz")
        except OSError:
            continue


def test_a_taken_port_and_none() -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(PortTaken, match=str(port)),
            health_port(LOOPBACK, port, CollectorRegistry(), healthy=lambda: None, ready=lambda: None),
        ):
            pass
    with health_port(LOOPBACK, None, CollectorRegistry(), healthy=lambda: None, ready=lambda: None) as port:
        assert port is None


def test_the_port_is_free_afterwards() -> None:
    for _ in range(2):
        with health_port(LOOPBACK, 0, CollectorRegistry(), healthy=lambda: None, ready=lambda: None) as port:
            assert port is not None
            assert ask(port, "/healthz")[0] == 200
        with pytest.raises(ConnectionRefusedError):
            ask(port, "/healthz")


def test_a_connection_that_says_nothing_is_closed(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Handler, "timeout", 0.2)
    with socket.create_connection((LOOPBACK, daemon.port), timeout=30) as silent:
        assert silent.recv(1) == b""
    with socket.create_connection((LOOPBACK, daemon.port), timeout=30) as slow:
        slow.sendall(b"GET /healthz HT")
        assert slow.recv(1) == b""
    assert ask(daemon.port, "/healthz")[0] == 200
