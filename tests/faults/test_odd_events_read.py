"""Whatever is recorded can be read: odd ids and odd values through every view of the HTTP interface, as strict JSON."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from chatsnapshot_schemas.codec import decode_ledger
from tests.faults.input_stream import short_holds
from tests.faults.lab import Lab
from tests.faults.odd_events import ODD_TEXTS, odd_events
from tests.faults.oracle import examine
from tests.pipeline.http_server import HttpServer
from tests.pipeline.sequencer_installation import event, event_id, input_record

MODES = tuple(f"/events?mode={mode}" for mode in ("full", "raw", "transcript"))
VIEWS = ("", *MODES, "/transcript", "/timeline", "/graph", "/cost")
DOTS = (".", "..")
"""No path can name such a run: every client takes these segments away."""


@pytest.mark.slow_fault
def test_odd_events_are_read_as_they_are(lab: Lab, tmp_path: Path) -> None:
    """All odd values are in one run; each odd id names a run of its own."""
    kept = [changes for _, changes in odd_events() if changes.keys().isdisjoint(("correlation_id", "tenant_id"))]
    values = [{**event("values", number, source_seq=None), **changes} for number, changes in enumerate(kept)]
    values = [{**plain, "event_id": event_id("values", number)} for number, plain in enumerate(values)]
    lab.send(map(input_record, [*values, *(event(text, 0) for text in ODD_TEXTS)]))
    with short_holds(lab):
        lab.settle()
    told = {"KAFKA_BOOTSTRAP_SERVERS": lab.bootstrap, "TOPIC_PREFIX": lab.topics.prefix, "CLICKHOUSE_URL": lab.url}
    with (
        HttpServer(tmp_path, "read", **told, CLICKHOUSE_DATABASE=lab.database) as server,
        httpx.Client(base_url=f"{server.url}/v1/runs", timeout=60, trust_env=False) as client,
    ):
        for view in VIEWS:
            strict_json(client.get(f"/values{view}"))
        for text in set(ODD_TEXTS) - set(DOTS):
            assert strict_json(client.get(f"/{quote(text, safe='')}"))["correlation_id"] == text
        raw = client.get("/values/events?mode=raw")
    assert_same_payloads(lab, raw.text)
    examine(lab)


def strict_json(answer: httpx.Response) -> Any:
    """As a reader in another language sees it."""
    assert answer.status_code == 200, (answer.url, answer.text[:2_000])
    return json.loads(answer.content.decode(), parse_constant=pytest.fail, parse_int=str, parse_float=str)


def assert_same_payloads(lab: Lab, text: str) -> None:
    """Each payload stands in the answer with the bytes that were recorded, or as the text that it was."""
    records = map(decode_ledger, lab.installation.ledger_bodies())
    for record in records:
        if record.envelope.correlation_id == "values":
            payload = record.envelope.payload
            assert payload.strip() in text or json.dumps(payload, ensure_ascii=False) in text, payload[:200]
