import io
import json
from datetime import UTC, datetime

import fastavro

from chatsnapshot_projections.ledger_block_schema import LEDGER_BLOCK_FIELDS, LEDGER_BLOCK_SCHEMA
from chatsnapshot_schemas.codec import decode_ledger_plain, encode_envelope, encode_ledger
from chatsnapshot_schemas.envelope import EventEnvelope, PayloadRef, Source, micros

EVENT = "0197f3a2-0000-7000-8000-000000000001"


def _body() -> bytes:
    envelope = EventEnvelope(
        event_id=EVENT,
        correlation_id="run",
        event_type="execution.message",
        timestamp=datetime(2025, 1, 2, tzinfo=UTC),
        source=Source("agent", "ag2", "refunds", "i-1", "clerk"),
        payload='{"a":1}',
        causation_id="0197f3a2-0000-7000-8000-000000000002",
        caused_by=("0197f3a2-0000-7000-8000-000000000003",),
        source_seq=4,
        headers={"k": "v"},
        payload_ref=PayloadRef("file:///x", "ab" * 32, 9),
    )
    head = {
        "prev_hash": bytes(32),
        "sequence_no": 7,
        "recorded_at": 1_700_000_000_000_000,
        "input_epoch": 1,
        "input_partition": 2,
        "input_offset": 3,
        "gap_before": 0,
        "late": True,
        "cause": "unresolved",
    }
    return encode_ledger(head, encode_envelope(envelope))[1]


def test_a_nested_record_reads_the_same_under_the_flat_schema() -> None:
    body = _body()
    nested = decode_ledger_plain(body)
    stream = io.BytesIO(body)
    flat = fastavro.schemaless_reader(stream, fastavro.parse_schema(json.loads(LEDGER_BLOCK_SCHEMA)), None)
    assert stream.read() == b""
    envelope = nested.pop("envelope")
    source = envelope.pop("source")
    assert {name: flat[name] for name in nested if name != "recorded_at"} == {
        name: nested[name] for name in nested if name != "recorded_at"
    }
    assert micros(flat["recorded_at"]) == nested["recorded_at"]
    assert {name: flat[f"source_{name}"] for name in source} == source
    ids = ("event_id", "causation_id", "caused_by", "timestamp")  # logical types: the flat schema keeps them
    assert {name: flat[name] for name in envelope if name not in ids} == {
        name: envelope[name] for name in envelope if name not in ids
    }
    assert str(flat["event_id"]) == EVENT


def test_fields_are_in_the_order_of_the_record() -> None:
    names = [field["name"] for field in LEDGER_BLOCK_FIELDS]
    assert names[0] == "hash"
    assert names[9:12] == ["cause", "event_id", "tenant_id"]
    assert names[16:24] == [
        "event_type", "timestamp", "source_origin", "source_runtime", "source_service", "source_instance",
        "source_agent", "source_seq",
    ]  # fmt: skip
    assert names[-1] == "payload_ref"
