"""Beyond loopback nothing is served without a key."""

import httpx
import pytest

from chatsnapshot.server.app import http_app
from chatsnapshot.server.http_roles import HttpRole
from chatsnapshot.server.serving import serve_http
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.errors import ConfigurationError, PortTaken

READ = frozenset({HttpRole.READ})


def client(key: str | None) -> httpx.AsyncClient:
    app = http_app(Settings(api_key=key), READ)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test")


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 401), ({"Authorization": "Bearer wrong"}, 401), ({"Authorization": "Bearer s3cret"}, 200)],
)
async def test_the_key_is_asked_for(headers: dict[str, str], status: int) -> None:
    async with client("s3cret") as http:
        assert (await http.get("/metrics", headers=headers)).status_code == status
        assert (await http.get("/healthz")).status_code == 200


async def test_without_a_key_loopback_is_open() -> None:
    async with client(None) as http:
        assert (await http.get("/metrics")).status_code == 200


def test_another_address_without_a_key_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="CHATSNAPSHOT_API_KEY"):
        serve_http(Settings(), host="0.0.0.0", port=0)


def test_a_taken_port_is_one_clear_line(free_tcp_port: int) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_tcp_port))
        taken.listen()
        with pytest.raises(PortTaken, match=f"127.0.0.1:{free_tcp_port}"):
            serve_http(Settings(), host="127.0.0.1", port=free_tcp_port, roles=READ)
