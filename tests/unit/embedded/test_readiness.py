import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from chatsnapshot.embedded.ports import free_port
from chatsnapshot.embedded.readiness import accepts_connections, broker_answers, clickhouse_answers, http_answers
from chatsnapshot_schemas.connections import KafkaConnection


class Pinged(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/ping" else 503)
        self.end_headers()
        self.wfile.write(b"Ok.\n")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def url() -> str:  # type: ignore[misc]
    server = HTTPServer(("127.0.0.1", 0), Pinged)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_answer_counts_with_its_status_and_its_body(url: str) -> None:
    assert clickhouse_answers(url)
    assert http_answers(f"{url}/ping")
    assert not http_answers(f"{url}/ping", "ready")
    assert not http_answers(f"{url}/elsewhere")


def test_nobody_there_is_no_and_no_error() -> None:
    port = free_port()
    assert not accepts_connections("127.0.0.1", port)
    assert not http_answers(f"http://127.0.0.1:{port}/")
    assert not http_answers("no url")
    assert not broker_answers(KafkaConnection(bootstrap_servers=f"127.0.0.1:{port}"))


def test_a_listener_that_is_no_broker_is_no() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert accepts_connections("127.0.0.1", port)
        assert not broker_answers(KafkaConnection(bootstrap_servers=f"127.0.0.1:{port}"))
