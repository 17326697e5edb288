"""Reports over HTTP: taken, refused, an older server, one that does not answer."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from chatsnapshot_producers import http_reports
from chatsnapshot_producers.http_reports import HttpReports
from chatsnapshot_producers.ingest_body import BodyForm
from chatsnapshot_producers.ingest_reading import TenantRule
from chatsnapshot_producers.reported_body import reports_in
from chatsnapshot_schemas.errors import AccessRefused, BrokerUnavailable, ChatSnapshotError, ConfigurationError
from tests.unit.schemas.test_source_reports import INSTANCE, RUN


class Server(ThreadingHTTPServer):
    """Answers `status`, after `wait`."""

    status = 202

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.wait = threading.Event()
        self.wait.set()
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.wait.wait(10)
        self.send_response(self.server.status if self.path == http_reports.PATH else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.wait.set()
    made.shutdown()
    made.server_close()


@pytest.fixture
def channel(server: Server) -> Iterator[HttpReports]:
    made = HttpReports(f"http://127.0.0.1:{server.server_port}", "s3cret", client_id="tests")
    yield made
    made.close()


def test_what_is_sent_is_there(server: Server, channel: HttpReports) -> None:
    channel.send([INSTANCE, RUN])
    assert channel.settled(0)
    (body,) = server.bodies
    assert reports_in(body, BodyForm.LINES, TenantRule("default", alone=True)) == [INSTANCE, RUN]


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, AccessRefused), (404, ConfigurationError), (405, ConfigurationError), (503, BrokerUnavailable)],
)
def test_what_the_server_says_is_an_error_of_its_kind(
    server: Server, channel: HttpReports, status: int, error: type[ChatSnapshotError]
) -> None:
    server.status = status
    with pytest.raises(error, match=str(status)):
        channel.send([RUN])


def test_a_server_that_does_not_answer_is_not_waited_for(
    server: Server, channel: HttpReports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_reports, "SEND_S", 0.2)
    server.wait.clear()
    began = time.monotonic()
    with pytest.raises(BrokerUnavailable):
        channel.send([RUN])
    assert time.monotonic() - began < 8, "the server would have answered after 10 s"
