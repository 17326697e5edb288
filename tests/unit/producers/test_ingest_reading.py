import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatsnapshot_producers.blobs import FsspecBlobStore
from chatsnapshot_producers.ingest_reading import Proposed, TenantRule, read_event
from chatsnapshot_producers.ingest_result import Fate, Result
from chatsnapshot_schemas.codec import decode_envelope
from chatsnapshot_schemas.envelope import EventEnvelope
from chatsnapshot_schemas.json_form import envelope_to_json
from chatsnapshot_schemas.partitioning import message_key
from tests.unit.schemas.strategies import envelopes, json_values

ANY = TenantRule("default", alone=False)
NO_BLOBS = FsspecBlobStore("memory://unused")
MINIMAL = {"event_type": "ui.x", "timestamp": "2026-01-01T00:00:00Z", "correlation_id": "r"}


def refused(text: bytes | str, rule: TenantRule = ANY) -> Result:
    found = read_event(text, rule, NO_BLOBS)
    assert isinstance(found, Result)
    assert found.fate is Fate.REJECTED
    assert found.fault is not None
    return found


@settings(max_examples=200, deadline=None)
@given(envelopes())
def test_what_a_recorder_sends_is_what_is_proposed(envelope: EventEnvelope) -> None:
    text = envelope_to_json(envelope, payload_as_text=True)
    assert "\n" not in text
    found = read_event(text.encode(), ANY, NO_BLOBS)
    assert isinstance(found, Proposed)
    assert decode_envelope(found.body) == envelope
    assert found.key == message_key(envelope.tenant_id, envelope.correlation_id)


HUGE = "a number of 5,000 digits stands for this"
names = (*EventEnvelope.__slots__, "payload_text", "other", "\ud800", "x" * 1_000)
odd_values = json_values | st.sampled_from(
    [{"uri": 1, "sha256": 2, "bytes": "3"}, {"origin": []}, "\ud800", HUGE, {"k": "\udfff"}, "0001-01-01T00:00+23:59"]
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from(names), odd_values, max_size=4) | json_values)
def test_any_json_is_proposed_or_rejected_with_a_reason(members: Any) -> None:
    text = json.dumps(MINIMAL | members if isinstance(members, dict) else members).replace(f'"{HUGE}"', "1" * 5_000)
    found = read_event(text, ANY, NO_BLOBS)
    if isinstance(found, Result):
        assert found.fault is not None
        assert found.fault.field
        assert len(json.dumps(found._asdict(), ensure_ascii=False).encode()) < 10_000


@pytest.mark.parametrize(
    ("changed", "reason", "field"),
    [
        ({"event_type": "nonsense"}, "invalid_envelope", "event_type"),
        ({"timestamp": None}, "invalid_envelope", "timestamp"),
        ({"event_id": "x"}, "invalid_envelope", "event_id"),
        ({"unknown": 1}, "invalid_envelope", "event.unknown"),
        ({"payload": []}, "invalid_envelope", "payload"),
        ({"source_seq": 1}, "invalid_envelope", "source_seq"),
        ({"headers": {"k": "v" * 9_000}}, "too_large", "headers"),
        ({"correlation_id": "r" * 257}, "too_large", "correlation_id"),
    ],
)
def test_a_refusal_names_reason_and_field(changed: dict[str, Any], reason: str, field: str) -> None:
    fault = refused(json.dumps(MINIMAL | changed)).fault
    assert fault is not None
    assert (fault.reason, fault.field) == (reason, field)
    assert not fault.message.startswith(f"{field}:")


@pytest.mark.parametrize("text", ["", "{", '"x"', '{"a":NaN}', b"\xff", "[" * 100_000, '{"a":' * 100_000])
def test_what_is_no_json_object_is_undecodable(text: bytes | str) -> None:
    result = refused(text)
    assert result.fault is not None
    assert (result.event_id, result.fault.reason) == (None, "undecodable")


def test_a_missing_id_is_minted_and_no_number_is_invented() -> None:
    found = read_event(json.dumps(MINIMAL | {"event_id": None}), ANY, NO_BLOBS)
    assert isinstance(found, Proposed)
    assert uuid.UUID(found.event_id).version == 7
    envelope = decode_envelope(found.body)
    assert (envelope.event_id, envelope.source_seq, envelope.source.instance) == (found.event_id, None, None)


def test_ids_of_a_refused_event_are_given_back_as_far_as_they_can_be_read() -> None:
    result = refused(json.dumps(MINIMAL | {"event_id": "\ud800", "event_type": "x"}))
    assert (result.event_id, result.correlation_id) == ("?", "r")
    assert refused(json.dumps(MINIMAL | {"event_id": "x" * 10_000})).event_id is None


def test_another_tenant_is_refused_where_one_is_alone() -> None:
    text = json.dumps(MINIMAL | {"tenant_id": "other"})
    fault = refused(text, TenantRule("acme", alone=True)).fault
    assert fault is not None
    assert (fault.reason, fault.field) == ("wrong_tenant", "tenant_id")
    found = read_event(json.dumps(MINIMAL), TenantRule("acme", alone=True), NO_BLOBS)
    assert isinstance(found, Proposed)
    assert found.key == b"acme/r"
    assert isinstance(read_event(text, ANY, NO_BLOBS), Proposed)


def test_a_large_payload_is_stored_only_if_its_event_is_taken(tmp_path: Path) -> None:
    blobs = FsspecBlobStore(str(tmp_path))
    large = MINIMAL | {"payload": {"content": "x" * 300_000}, "tenant_id": "other"}
    refusal = read_event(json.dumps(large), TenantRule("acme", alone=True), blobs)
    assert isinstance(refusal, Result)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    found = read_event(json.dumps(large), ANY, blobs)
    assert isinstance(found, Proposed)
    ref = decode_envelope(found.body).payload_ref
    assert ref is not None
    assert blobs.get(ref) == json.dumps(large["payload"]).encode()
