"""The writer of the hot path and the general encoder give the same bytes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatsnapshot_schemas.codec import decode_envelope, encode_plain
from chatsnapshot_schemas.envelope import EventEnvelope
from chatsnapshot_schemas.envelope_writer import write_envelope
from tests.unit.schemas.strategies import envelopes


@given(envelopes())
def test_both_encoders_give_the_same_bytes(envelope: EventEnvelope) -> None:
    body = write_envelope(envelope)
    assert body == encode_plain(envelope.to_plain())
    assert decode_envelope(body) == envelope


@given(envelopes(), st.sampled_from([0, 63, 64, 511, 512, 1023, 1024, 8191, 8192, 100_000]))
def test_every_size_of_payload(envelope: EventEnvelope, size: int) -> None:
    larger = replace(envelope, payload=f'{{"x":"{"y" * size}"}}')
    assert write_envelope(larger) == encode_plain(larger.to_plain())


@pytest.mark.parametrize("number", [0, 1, 63, 64, 1023, 1024, 2**31, 2**63 - 1])
def test_every_size_of_number(number: int) -> None:
    envelope = EventEnvelope.from_plain(
        decode_envelope(write_envelope(EXAMPLE)).to_plain()
        | {"source_seq": number, "timestamp": -number // 10**6, "caused_by": []}
    )
    assert write_envelope(envelope) == encode_plain(envelope.to_plain())


EXAMPLE = EventEnvelope.from_plain(
    {
        "event_id": "01980000-0000-7000-8000-000000000000",
        "tenant_id": "default",
        "correlation_id": "r",
        "causation_id": None,
        "causation_correlation_id": None,
        "caused_by": [],
        "event_type": "execution.message",
        "timestamp": 0,
        "source": {"origin": "ui", "runtime": "none", "service": "s", "instance": "i", "agent": None},
        "source_seq": 0,
        "subject_id": None,
        "headers": {},
        "payload": "{}",
        "payload_ref": None,
    }
)
