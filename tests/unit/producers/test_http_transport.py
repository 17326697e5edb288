"""The transport against a server that answers as it is told."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from chatsnapshot_producers import http_transport
from chatsnapshot_producers.http_answer import unknown
from chatsnapshot_producers.http_transport import HttpTransport
from chatsnapshot_producers.ingest_result import Fate, Fault, Result, answer_of
from chatsnapshot_producers.spooled_event import SpooledEvent
from chatsnapshot_schemas.avro_schema import envelope_schema
from chatsnapshot_schemas.codec import encode_envelope
from chatsnapshot_schemas.errors import AccessRefused, BrokerUnavailable
from chatsnapshot_schemas.json_form import envelope_from_json
from chatsnapshot_schemas.partitioning import message_key
from tests.unit.schemas.strategies import some_envelope

Answer = tuple[int, dict[str, Any]]


class Server:
    """Keeps every request's event ids; answers what `plan` gives for the number of the request and these ids."""

    def __init__(self) -> None:
        self.requests: list[list[str]] = []
        self.headers: list[dict[str, str]] = []
        self.plan: Callable[[int, list[str]], Answer] = lambda _, ids: settled(ids)
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                ids = [envelope_from_json(line).event_id for line in body.splitlines()]
                server.requests.append(ids)
                server.headers.append({name.lower(): value for name, value in self.headers.items()})
                status, document = server.plan(len(server.requests), ids)
                content = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Retry-After", "0")
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def troubles() -> list[str]:
    return []


@pytest.fixture
def transport(server: Server, troubles: list[str]) -> Iterator[HttpTransport]:
    made = HttpTransport(server.url, "s3cret", troubles.append, client_id="tests")
    yield made
    made.close()


def settled(ids: list[str], rejected: tuple[str, ...] = (), unknown: tuple[str, ...] = ()) -> Answer:
    def fate(event_id: str) -> Fate:
        return Fate.REJECTED if event_id in rejected else Fate.UNKNOWN if event_id in unknown else Fate.ACCEPTED

    answer = answer_of([Result(fate(each), each, "r", Fault("too_large", "payload", "too much")) for each in ids])
    return answer.status, answer.document


def spooled(number: int) -> SpooledEvent:
    envelope = some_envelope(event_id=f"01980000-0000-7000-8000-{number:012d}", payload=f' {{"n":\n{number}}} ')
    key = message_key(envelope.tenant_id, envelope.correlation_id)
    return SpooledEvent(key, encode_envelope(envelope), envelope_schema().fingerprint)


EVENTS = [spooled(number) for number in range(10)]
IDS = [event.event_id for event in EVENTS]


def never() -> bool:
    return False


def test_one_request_carries_all_in_order_with_the_key(server: Server, transport: HttpTransport) -> None:
    assert transport.send(EVENTS, never) == []
    assert server.requests == [IDS]
    assert server.headers[0]["authorization"] == "Bearer s3cret"
    assert server.headers[0]["content-type"] == "application/x-ndjson"


def test_a_request_is_no_line_in_the_log(
    server: Server, transport: HttpTransport, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    transport.send(EVENTS, never)
    assert not caplog.records
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200))) as other:
        other.get("http://elsewhere.example/")
    assert len(caplog.records) == 1


def test_only_what_is_unknown_is_sent_again_before_anything_later(
    server: Server, transport: HttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_transport, "REQUEST_EVENTS_MAX", 5)
    open_at_first = (IDS[1], IDS[3])
    server.plan = lambda number, ids: settled(ids, (IDS[2],), open_at_first if number == 1 else ())
    (refusal,) = transport.send(EVENTS, never)
    assert server.requests == [IDS[:5], [IDS[1], IDS[3]], IDS[5:]]
    assert (refusal.event, refusal.reason) == (EVENTS[2], "payload: too much (too_large)")


@pytest.mark.parametrize("status", [429, 503, 500, 502])
def test_a_server_in_trouble_is_asked_again(
    server: Server, transport: HttpTransport, troubles: list[str], status: int
) -> None:
    refusal = {"error": {"code": "c", "message": "come back"}}
    server.plan = lambda number, ids: (status, refusal) if number < 4 else settled(ids)
    assert transport.send(EVENTS, never) == []
    assert server.requests == [IDS] * 4
    assert troubles == [f"{status} c: come back"]


def test_a_request_that_is_too_large_is_halved_until_the_one_to_blame_stands_alone(
    server: Server, transport: HttpTransport
) -> None:
    too_large = {"error": {"code": "too_large", "message": "body"}}
    server.plan = lambda _, ids: (413, too_large) if IDS[6] in ids else settled(ids)
    (refusal,) = transport.send(EVENTS, never)
    assert refusal.event == EVENTS[6]
    taken = [ids for ids in server.requests if IDS[6] not in ids]
    assert [event_id for ids in taken for event_id in ids] == IDS[:6] + IDS[7:]


def test_a_server_that_asks_for_very_long_is_asked_again_before(
    transport: HttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_transport, "RETRY_AFTER_S_MAX", 0.05)
    transport._wait(unknown(1, "busy", 3_600), 1, time.monotonic(), never)


def test_a_wrong_key_is_an_error_and_settles_nothing(server: Server, transport: HttpTransport) -> None:
    server.plan = lambda *_: (401, {"error": {"code": "unauthorized", "message": "no"}})
    with pytest.raises(AccessRefused, match="401 unauthorized"):
        transport.send(EVENTS, never)


def test_it_stops_while_it_waits_for_an_answer(server: Server, transport: HttpTransport) -> None:
    release = threading.Event()

    def hang(_: int, ids: list[str]) -> Answer:
        release.wait(60)
        return settled(ids)

    server.plan = hang
    try:
        with pytest.raises(BrokerUnavailable, match="stopped"):
            transport.send(EVENTS, lambda: bool(server.requests))
    finally:
        release.set()


def test_nobody_listening_is_said_and_given_up_in_time(
    troubles: list[str], free_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_transport, "STALL_S", 0.5)
    transport = HttpTransport(f"http://127.0.0.1:{free_tcp_port}", None, troubles.append, client_id="tests")
    began = time.monotonic()
    with pytest.raises(BrokerUnavailable, match="no answer"):
        transport.send(EVENTS, never)
    transport.close()
    assert len(troubles) <= 1
    assert time.monotonic() - began < 60


def test_what_another_version_spooled_is_kept_not_guessed(server: Server, transport: HttpTransport) -> None:
    foreign = EVENTS[0]._replace(fingerprint=b"\x00" * 8)
    (refusal,) = transport.send([foreign, *EVENTS[1:]], never)
    assert refusal.event == foreign
    assert server.requests == [IDS[1:]]
