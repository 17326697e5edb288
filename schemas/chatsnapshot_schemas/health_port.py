"""The port on which a daemon without an HTTP interface of its own answers probes and scrapes.

`/healthz`  200 `ok`, or 503 and why the process should be started anew
`/readyz`   200 `ready`, or 503 and what it waits for
`/metrics`  Prometheus' text format

A connection gets SECONDS_MAX for each read and write and a place among CONNECTIONS_MAX; beyond that it is closed
unanswered, so nobody who can reach the port can take the daemon's memory or threads.
"""

import logging
import socket
import socketserver
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, make_wsgi_app

from chatsnapshot_schemas.errors import PortTaken

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication

log = logging.getLogger(__name__)

CONNECTIONS_MAX = 16
"""A kubelet's two probes, some scrapers and a person, several times over."""
SECONDS_MAX = 10.0
"""Longer than any probe or scraper waits."""

Check = Callable[[], str | None]
"""None: all is well; else what is wrong, in one line. Quick: whoever asks waits for it."""


@contextmanager
def health_port(
    host: str, port: int | None, registry: CollectorRegistry, *, healthy: Check, ready: Check
) -> Iterator[int | None]:
    """Answer while the block runs; gives the port (0 took any free one), None when `port` is None.

    Raises PortTaken.
    """
    if port is None:
        yield None
        return
    application = _application(registry, {"/healthz": ("ok", healthy), "/readyz": ("ready", ready)})
    try:
        server = _Server(host, port, application)
    except OSError as error:
        raise PortTaken(f"metrics and probes cannot be served on {host}:{port}: {error}") from error
    thread = threading.Thread(target=server.serve_forever, name="health-port", daemon=True)
    thread.start()
    log.info("metrics and probes on http://%s:%s/metrics, /healthz, /readyz", host, server.server_port)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _application(registry: CollectorRegistry, checks: dict[str, tuple[str, Check]]) -> "WSGIApplication":
    metrics: WSGIApplication = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if environ.get("REQUEST_METHOD") not in ("GET", "HEAD"):
            return _text(start_response, "405 Method Not Allowed", "only GET")
        if path == "/metrics":
            return metrics(environ, start_response)
        if path not in checks:
            return _text(start_response, "404 Not Found", "/metrics, /healthz or /readyz")
        well, check = checks[path]
        complaint = check()
        if complaint is None:
            return _text(start_response, "200 OK", well)
        return _text(start_response, "503 Service Unavailable", complaint)

    return answer


def _text(start_response: "StartResponse", status: str, line: str) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")])
    return [f"{line}\n".encode()]


class _Handler(WSGIRequestHandler):
    timeout = SECONDS_MAX

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    """One thread a connection, at most CONNECTIONS_MAX of them."""

    daemon_threads = True
    block_on_close = False  # an answer under way does not hold up the end of the process

    def __init__(self, host: str, port: int, application: "WSGIApplication") -> None:
        if ":" in host:
            self.address_family = socket.AF_INET6
        self._places = threading.BoundedSemaphore(CONNECTIONS_MAX)
        super().__init__((host, port), _Handler)
        self.set_app(application)

    def server_bind(self) -> None:
        """Bind without asking a name server for our own name, as the standard library's does."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread for it, if there is a place."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """In the thread: answer, then give the place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is not worth a traceback on the terminal."""
        log.debug("a connection to the metrics port ended early", exc_info=True)
