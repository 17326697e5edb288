"""`POST /v1/events` on a real broker: what is answered is what is in the topic."""

import asyncio
import gzip
import hashlib
import json
import uuid
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.pipeline.events_topic import EventsTopic, seven_fields
from tests.pipeline.http_server import HttpServer

LINES = {"Content-Type": "application/x-ndjson"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def topic(kafka_bootstrap: str) -> EventsTopic:
    return EventsTopic(kafka_bootstrap).create()


@pytest.fixture(scope="module")
def server(topic: EventsTopic, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpServer]:
    settings = topic.settings(INGEST_BODY_BYTES_MAX=2_000_000, INGEST_EVENTS_MAX=3_000)
    with HttpServer(tmp_path_factory.mktemp("ingest"), **settings) as started:
        yield started


@pytest.fixture
def run() -> str:
    return f"run-{uuid.uuid4().hex[:8]}"


def post(server: HttpServer, content: str | bytes, headers: dict[str, str] = JSON) -> httpx.Response:
    return httpx.post(f"{server.url}/v1/events", content=content, headers=headers, timeout=60, trust_env=False)


def recorded(topic: EventsTopic, run: str) -> list[str]:
    return [envelope.event_id for envelope in topic.envelopes() if envelope.correlation_id == run]


def statuses(answer: httpx.Response) -> list[str]:
    return [result["status"] for result in answer.json()["results"]]


def test_the_form_of_the_specification_is_taken_as_it_is(server: HttpServer, topic: EventsTopic, run: str) -> None:
    payload = '{ "price" : 1.0,\n  "name":"\\u00e9", "name" : "é" }'
    answer = post(server, seven_fields(payload, run))
    assert answer.status_code == 202
    assert (answer.json()["accepted"], statuses(answer)) == (1, ["accepted"])
    (envelope,) = [each for each in topic.envelopes() if each.correlation_id == run]
    assert envelope.payload == payload
    assert envelope.event_id == answer.json()["results"][0]["event_id"]
    assert (envelope.source.origin, envelope.source.runtime, envelope.source_seq) == ("agent", "ag2", None)


def test_a_missing_id_is_minted_and_given_back(server: HttpServer, topic: EventsTopic, run: str) -> None:
    answer = post(server, seven_fields(run=run, event_id=...))
    minted = answer.json()["results"][0]["event_id"]
    assert uuid.UUID(minted).version == 7
    assert recorded(topic, run) == [minted]


def test_bad_events_of_an_array_do_not_take_others_along(server: HttpServer, topic: EventsTopic, run: str) -> None:
    events = [
        seven_fields(run=run),
        seven_fields('{"n": NaN}', run),
        seven_fields(run=run, event_type="nonsense", event_id="5d1f8a52-9f6c-4c9c-8f57-2f1d0d2c3b4a"),
        '"text"',
        seven_fields(run=run, payload_text="{}"),
        seven_fields(run=run),
    ]
    answer = post(server, f" [ {' , '.join(events)} ] ")
    assert answer.status_code == 207
    results = answer.json()["results"]
    assert [result["index"] for result in results] == list(range(6))
    assert statuses(answer) == ["accepted", *["rejected"] * 4, "accepted"]
    errors = [(result["error"]["reason"], result["error"]["field"]) for result in results[1:5]]
    assert errors == [
        ("undecodable", "event"),
        ("invalid_envelope", "event_type"),
        ("undecodable", "event"),
        ("invalid_envelope", "payload_text"),
    ]
    assert results[2]["event_id"] == "5d1f8a52-9f6c-4c9c-8f57-2f1d0d2c3b4a"
    assert results[2]["correlation_id"] == run
    assert recorded(topic, run) == [results[0]["event_id"], results[5]["event_id"]]


@pytest.mark.parametrize("media", ["application/x-ndjson", "application/jsonl; charset=utf-8"])
def test_a_broken_line_is_refused_alone(server: HttpServer, topic: EventsTopic, run: str, media: str) -> None:
    lines = [seven_fields(run=run), '{"event_type": "ui.', "", b"\xff\xfe".decode("latin-1"), seven_fields(run=run)]
    answer = post(server, "\r\n".join(lines).encode("latin-1"), {"Content-Type": media})
    assert answer.status_code == 207
    assert statuses(answer) == ["accepted", "rejected", "rejected", "accepted"]
    assert {result["error"]["reason"] for result in answer.json()["results"][1:3]} == {"undecodable"}
    assert len(recorded(topic, run)) == 2


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"[" + b'{"a":1},' * 3, "undecodable"),
        (b"", "undecodable"),
        (b"[]", "undecodable"),
        (b"[" * 100_000, "undecodable"),
        (b"{}", "invalid_envelope"),
        (b"no json", "undecodable"),
        (b'{"event_id":"x","event_type":"ui.x","timestamp":"2026-01-01","correlation_id":"r"}', "invalid_envelope"),
    ],
)
def test_nothing_accepted_is_422_with_a_code(server: HttpServer, body: bytes, code: str) -> None:
    answer = post(server, body)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == code


def test_packed_bodies_are_unpacked(server: HttpServer, topic: EventsTopic, run: str) -> None:
    lines = "\n".join(seven_fields(run=run) for _ in range(500)).encode()
    raw_deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = {
        "gzip": [gzip.compress(lines), gzip.compress(lines[:1000]) + gzip.compress(lines[1000:])],
        "deflate": [zlib.compress(lines), raw_deflate.compress(lines) + raw_deflate.flush()],
    }
    for encoding, bodies in packed.items():
        for body in bodies:
            answer = post(server, body, LINES | {"Content-Encoding": encoding})
            assert (answer.status_code, answer.json()["accepted"]) == (202, 500)
    cut = post(server, packed["gzip"][0][:-20], LINES | {"Content-Encoding": "gzip"})
    assert (cut.status_code, cut.json()["error"]["code"]) == (422, "undecodable")
    assert len(recorded(topic, run)) == 4 * 500


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b" " * 2_000_001, JSON),
        (gzip.compress(b" " * 50_000_000), LINES | {"Content-Encoding": "gzip"}),
        (zlib.compress(b" " * 50_000_000), JSON | {"Content-Encoding": "deflate"}),
        (b"{}\n" * 3_001, LINES),
        (b"\r\n" * 100_000, LINES),
        (b"[" + b"0," * 3_000 + b"0]", JSON),
    ],
    ids=["bytes", "gzip bomb", "deflate bomb", "lines", "empty lines", "elements"],
)
def test_too_much_is_413(server: HttpServer, body: bytes, headers: dict[str, str]) -> None:
    answer = post(server, body, headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "headers", [{"Content-Type": "application/x-www-form-urlencoded"}, JSON | {"Content-Encoding": "br"}]
)
def test_other_kinds_of_bodies_are_415(server: HttpServer, headers: dict[str, str]) -> None:
    answer = post(server, seven_fields(), headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media_type")


def test_a_large_payload_goes_to_blob_storage(server: HttpServer, topic: EventsTopic, run: str) -> None:
    payload = json.dumps({"role": "user", "content": "x" * 500_000})
    assert post(server, seven_fields(payload, run)).status_code == 202
    (envelope,) = [each for each in topic.envelopes() if each.correlation_id == run]
    ref = envelope.payload_ref
    assert ref is not None
    assert (ref.sha256, ref.bytes) == (hashlib.sha256(payload.encode()).hexdigest(), len(payload))
    assert Path(ref.uri.removeprefix("file://")).read_text() == payload
    assert json.loads(envelope.payload)["truncated"]


def test_a_tenant_that_the_header_names_is_the_only_one(server: HttpServer, topic: EventsTopic, run: str) -> None:
    events = [seven_fields(run=run), seven_fields(run=run, tenant_id="acme"), seven_fields(run=run, tenant_id="other")]
    answer = post(server, "\n".join(events), LINES | {"X-ChatSnapshot-Tenant": "acme"})
    assert statuses(answer) == ["accepted", "accepted", "rejected"]
    assert answer.json()["results"][2]["error"]["reason"] == "wrong_tenant"
    assert {each.tenant_id for each in topic.envelopes() if each.correlation_id == run} == {"acme"}


async def test_many_requests_at_once_share_a_producer_and_keep_their_order(
    server: HttpServer, topic: EventsTopic, run: str
) -> None:
    sent: dict[str, list[str]] = defaultdict(list)

    async def client(http: httpx.AsyncClient, number: int) -> None:
        for _ in range(5):
            events = [seven_fields(run=f"{run}-{number}") for _ in range(20 + number)]
            sent[f"{run}-{number}"] += [json.loads(event)["event_id"] for event in events]
            answer = await http.post("/v1/events", content="\n".join(events), headers=LINES)
            assert answer.status_code == 202

    limits = httpx.Limits(max_connections=40)
    async with httpx.AsyncClient(base_url=server.url, limits=limits, timeout=60, trust_env=False) as http:
        await asyncio.gather(*(client(http, number) for number in range(40)))
    found: dict[str, list[str]] = defaultdict(list)
    for envelope in topic.envelopes():
        if envelope.correlation_id.startswith(run):
            found[envelope.correlation_id].append(envelope.event_id)
    assert found == sent
    assert "chatsnapshot_ingest_inflight_requests 0.0" in metrics(server)


def test_a_role_has_its_routes_and_no_others(server: HttpServer) -> None:
    def status(path: str) -> int:
        return httpx.get(server.url + path, trust_env=False).status_code

    assert [status(path) for path in ("/healthz", "/readyz", "/v1/runs")] == [200, 200, 404]
    assert httpx.get(f"{server.url}/v1/events", trust_env=False).status_code == 405


def test_what_happened_is_in_the_metrics(server: HttpServer) -> None:
    page = metrics(server)
    for sample in (
        'chatsnapshot_ingest_events_total{fate="accepted"}',
        'chatsnapshot_ingest_rejections_total{reason="undecodable"}',
        'chatsnapshot_ingest_requests_total{status="413"}',
        'chatsnapshot_ingest_seconds_count{status="202"}',
        'chatsnapshot_http_requests_total{route="/v1/events",status="207"}',
        "chatsnapshot_ingest_inflight_bytes 0.0",
    ):
        assert sample in page


def metrics(server: HttpServer) -> str:
    return httpx.get(f"{server.url}/metrics", trust_env=False).text


def test_what_the_broker_finds_too_large_is_rejected_and_the_rest_accepted(
    kafka_bootstrap: str, tmp_path: Path, run: str
) -> None:
    topic = EventsTopic(kafka_bootstrap).create(**{"max.message.bytes": "20000"})
    large = json.dumps({"content": "x" * 50_000})
    events = [seven_fields(large if number in (7, 12) else "{}", run) for number in range(20)]
    with HttpServer(tmp_path, **topic.settings()) as server:
        answer = post(server, "\n".join(events), LINES)
    assert answer.status_code == 207
    results = answer.json()["results"]
    rejected = [result for result in results if result["status"] == "rejected"]
    assert [result["index"] for result in rejected] == [7, 12]
    assert {result["error"]["reason"] for result in rejected} == {"too_large"}
    accepted = [result["event_id"] for result in results if result["status"] == "accepted"]
    assert len(accepted) == 18
    assert list(dict.fromkeys(recorded(topic, run))) == accepted


def test_a_key_is_for_one_tenant(topic: EventsTopic, tmp_path: Path, run: str) -> None:
    events = "\n".join([seven_fields(run=run), seven_fields(run=run, tenant_id="other")])
    with HttpServer(tmp_path, **topic.settings(API_KEY="s3cret")) as server:
        assert post(server, events, LINES).status_code == 401
        key = LINES | {"Authorization": "Bearer s3cret"}
        assert statuses(post(server, events, key)) == ["accepted", "rejected"]
        refused = post(server, events, key | {"X-ChatSnapshot-Tenant": "other"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "wrong_tenant")
