"""JSON -> envelope -> Avro -> ledger -> JSON loses nothing."""

import json

from hypothesis import given, settings

from chatsnapshot_schemas.avro_schema import envelope_schema, ledger_schema
from chatsnapshot_schemas.chain import genesis_hash, is_intact
from chatsnapshot_schemas.codec import decode_envelope, decode_ledger, encode_envelope, encode_ledger
from chatsnapshot_schemas.envelope import EventEnvelope
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.json_form import envelope_from_json, envelope_to_json, record_to_json
from tests.unit.schemas.strategies import envelopes, some_envelope

SEVEN_FIELDS = """{
  "event_id": "3f0e7c1e-9a52-4c39-8a1b-0d6f4f2b7c11",
  "event_type": "system.workflow_started",
  "timestamp": "2026-02-03T04:05:06.789Z",
  "source": {"origin": "system", "runtime": "none"},
  "correlation_id": "workflow-17",
  "causation_id": null,
  "payload": {"amount": 1.0, "big": 123456789012345678901234567890, "note":  "kept as it is"}
}"""


def head(envelope: EventEnvelope) -> dict[str, object]:
    return {
        "prev_hash": genesis_hash(envelope.tenant_id, envelope.correlation_id),
        "sequence_no": 1,
        "recorded_at": 1_700_000_000_123_456,
        "input_epoch": 1,
        "input_partition": 3,
        "input_offset": 42,
        "gap_before": 0,
        "late": False,
        "cause": "root",
    }


@settings(max_examples=300, deadline=None)
@given(envelopes())
def test_nothing_is_lost_from_json_to_the_ledger_and_back(envelope: EventEnvelope) -> None:
    text = envelope_to_json(envelope)
    assert "\n" not in text
    read = envelope_from_json(text)
    body = encode_envelope(read)
    digest, ledger_body = encode_ledger(head(read), body)
    record = decode_ledger(ledger_body)
    assert ledger_body.endswith(body)
    assert is_intact(ledger_body)
    assert record.hash == digest
    assert record.envelope == envelope
    assert record.envelope.payload.strip() == envelope.payload.strip()
    shown = json.loads(record_to_json(record))
    assert envelope_from_json(json.dumps(shown["envelope"])).event_id == envelope.event_id
    assert shown["input_offset"] == 42


@settings(max_examples=100, deadline=None)
@given(envelopes())
def test_one_changed_byte_is_noticed(envelope: EventEnvelope) -> None:
    _, body = encode_ledger(head(envelope), encode_envelope(envelope))
    at = len(body) // 2
    assert not is_intact(body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :])


def test_the_seven_fields_of_the_specification_are_taken_verbatim() -> None:
    envelope = envelope_from_json(SEVEN_FIELDS)
    assert envelope.payload == SEVEN_FIELDS.split('"payload": ')[1].rsplit("\n}", 1)[0]
    again = json.loads(envelope_to_json(envelope))
    for name, value in json.loads(SEVEN_FIELDS).items():
        if name not in ("timestamp", "source"):
            assert again[name] == value
    assert again["source"]["origin"] == "system"
    assert again["timestamp"] == "2026-02-03T04:05:06.789000Z"


def test_both_framings_are_read() -> None:
    class Registry:
        def id_of(self, subject: str, schema: object) -> int:
            assert subject == "t.events-value"
            return 77

        def fingerprint_of(self, schema_id: int) -> bytes | None:
            return envelope_schema().fingerprint if schema_id == 77 else None

    envelope = some_envelope()
    body = encode_envelope(envelope)
    plain, confluent = Framing(), Framing(Registry())
    single = plain.prefix("t.events", envelope_schema()) + body
    framed = confluent.prefix("t.events", envelope_schema()) + body
    assert framed[:5] == b"\x00\x00\x00\x00\x4d"
    assert confluent.envelope_body(single) == confluent.envelope_body(framed) == body
    assert decode_envelope(confluent.envelope_body(framed)) == envelope


def test_fingerprints_are_the_contract() -> None:
    # a change here is a new schema: released readers would refuse, and every hash would change
    assert envelope_schema().fingerprint.hex() == "9cd3f1b128d853ae"
    assert ledger_schema().fingerprint.hex() == LEDGER_FINGERPRINT


LEDGER_FINGERPRINT = "bad08c9e01d55500"
