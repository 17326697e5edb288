"""An HTTP proxy before the real ClickHouse endpoint that does harm to inserts: what a network, a balancer and a server
that is ill do to them. Everything else passes through.
"""

import http.client
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import parse_qs, quote, urlsplit

Harm = Literal["none", "swallow", "refuse", "late", "slow", "cut_request", "cut_answer", "settings"]
"""none; swallow: stored, the connection closes without an answer; refuse: `refused_code`, nothing stored; late: stored,
answered after `delay_s`; slow: sent on after `delay_s`; cut_request: the server gets a half of the body; cut_answer:
stored, the client gets a half of the answer's head; settings: the server is told `settings` too, and really refuses."""

FORWARD_WITHIN_S = 60.0
Answer = tuple[int, dict[str, str], bytes]


@dataclass
class ClickHouseProxy:
    """`harm` holds for inserts into the tables `of` while `times` lasts. A context manager."""

    target: str
    harm: Harm = "none"
    times: int = 0
    refused_code: int = 252
    delay_s: float = 0.0
    settings: dict[str, str] = field(default_factory=dict)
    of: tuple[str, ...] = ("ledger",)
    on_insert: Callable[[int], None] | None = None
    """Told before each insert how many came before, in the connection's thread; may decide about this insert."""
    inserts: list[tuple[str, bytes]] = field(default_factory=list)
    """(token, body) of each insert into these tables that arrived."""
    answers: list[tuple[int, str]] = field(default_factory=list)
    """HTTP status and ClickHouse's code (empty: none) of what the server really answered to them."""
    _server: ThreadingHTTPServer | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> "ClickHouseProxy":
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                with suppress(ConnectionError):  # a client that was killed
                    proxy._handle(self)

            do_GET = do_POST

            def log_message(self, *_args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def codes(self) -> set[str]:
        """ClickHouse's own codes that the server really answered with."""
        return {code for _status, code in self.answers if code}

    def do(self, harm: Harm, times: int = 1_000_000) -> None:
        """From the next insert on."""
        with self._lock:
            self.harm, self.times = harm, times

    def heal(self) -> None:
        """Let everything through from now on."""
        self.do("none", 0)

    def _handle(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        is_harmed = any(body.startswith(f"INSERT INTO {table} ".encode()) for table in self.of)
        if is_harmed:
            self._insert(request, body)
        else:
            self._pass_on(request, body, request.path)

    def _insert(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        harm = self._noted(request.path, body)
        if harm == "refuse":
            _answer(request, (500, {"X-ClickHouse-Exception-Code": str(self.refused_code)}, b"refused by the proxy"))
            return
        if harm == "cut_request":
            self._forward_half(request, body)
            request.close_connection = True
            return
        if harm == "slow":
            time.sleep(self.delay_s)
        path = request.path
        if harm == "settings":
            path += "".join(f"&{name}={quote(value)}" for name, value in self.settings.items())
        answer = self._answer_of(request, body, path)
        if answer is not None and harm not in ("swallow", "cut_answer"):
            if harm == "late":
                time.sleep(self.delay_s)
            _answer(request, answer)
            return
        if harm == "cut_answer":
            request.wfile.write(b"HTTP/1.1 200 OK\r\nX-ClickHouse-Summ")
        request.close_connection = True

    def _noted(self, path: str, body: bytes) -> Harm:
        """Note the insert; what is to be done to it."""
        if self.on_insert is not None:
            self.on_insert(len(self.inserts))
        with self._lock:
            token = parse_qs(urlsplit(path).query)["insert_deduplication_token"][0]
            self.inserts.append((token, body))
            harm: Harm = self.harm if self.times > 0 else "none"
            self.times -= 1
            return harm

    def _answer_of(self, request: BaseHTTPRequestHandler, body: bytes, path: str) -> Answer | None:
        """What the server answers, noted; None when it is not there or broke off."""
        try:
            answer = self._forward(request, body, path)
        except (OSError, http.client.HTTPException):
            return None
        self.answers.append((answer[0], answer[1].get("X-ClickHouse-Exception-Code", "")))
        return answer

    def _pass_on(self, request: BaseHTTPRequestHandler, body: bytes, path: str) -> None:
        try:
            answer = self._forward(request, body, path)
        except (OSError, http.client.HTTPException):
            request.close_connection = True
            return
        _answer(request, answer)

    def _forward(self, request: BaseHTTPRequestHandler, body: bytes, path: str) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.target).netloc, timeout=FORWARD_WITHIN_S)
        try:
            connection.request(request.command, path, body, _headers(request))
            answer = connection.getresponse()
            content = answer.read()
            kept = {n: v for n, v in answer.getheaders() if n.lower() not in ("transfer-encoding", "content-length")}
            return answer.status, kept, content
        finally:
            connection.close()

    def _forward_half(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        """All of the head, which promises the whole body, and then a half of it."""
        connection = http.client.HTTPConnection(urlsplit(self.target).netloc, timeout=FORWARD_WITHIN_S)
        connection.putrequest(request.command, request.path, skip_host=True, skip_accept_encoding=True)
        for name, value in (_headers(request) | {"Host": urlsplit(self.target).netloc}).items():
            connection.putheader(name, value)
        connection.endheaders()
        connection.send(body[: len(body) // 2])
        connection.close()


def _headers(request: BaseHTTPRequestHandler) -> dict[str, str]:
    return {name: value for name, value in request.headers.items() if name.lower() != "host"}


def _answer(request: BaseHTTPRequestHandler, answer: Answer) -> None:
    status, headers, content = answer
    request.send_response_only(status)
    for name, value in headers.items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content)
