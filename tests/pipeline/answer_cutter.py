"""A small HTTP proxy before ClickHouse that does harm: it forwards an insert and swallows the answer, or refuses it."""

import http.client
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import parse_qs, urlsplit

Harm = Literal["none", "swallow", "refuse"]


@dataclass
class AnswerCutter:
    """`harm` holds for inserts of the ledger while `times` lasts; everything else passes through."""

    target: str
    harm: Harm = "none"
    times: int = 0
    refused_code: int = 252
    inserts: list[tuple[str, bytes]] = field(default_factory=list)
    """(token, body) of each insert of the ledger that arrived."""
    _server: ThreadingHTTPServer | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> "AnswerCutter":
        cutter = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                cutter._handle(self)

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

    def _handle(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        is_insert = body.startswith(b"INSERT INTO ledger ")
        if is_insert:
            with self._lock:
                token = parse_qs(urlsplit(request.path).query)["insert_deduplication_token"][0]
                self.inserts.append((token, body))
                harm = self.harm if self.times > 0 else "none"
                self.times -= 1
            if harm == "refuse":
                self._answer(request, 500, {"X-ClickHouse-Exception-Code": str(self.refused_code)}, b"too many parts")
                return
            if harm == "swallow":
                self._forward(request, body)
                request.close_connection = True  # nothing was answered
                return
        self._answer(request, *self._forward(request, body))

    def _forward(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(urlsplit(self.target).netloc, timeout=60)
        headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        connection.request(request.command, request.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        kept = {n: v for n, v in answer.getheaders() if n.lower() not in ("transfer-encoding", "content-length")}
        connection.close()
        return answer.status, kept, content

    def _answer(self, request: BaseHTTPRequestHandler, status: int, headers: dict[str, str], content: bytes) -> None:
        request.send_response_only(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)
