"""Every limit of the envelope, named in the error."""

from datetime import UTC, datetime

import pytest

from chatsnapshot_schemas.codec import decode_plain, encode_envelope
from chatsnapshot_schemas.envelope import PayloadRef, Source
from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.json_form import envelope_from_json
from chatsnapshot_schemas.payload_json import check_payload_text, payload_text
from chatsnapshot_schemas.reasons import Reason
from tests.unit.schemas.strategies import some_envelope

ID = "00000000-0000-0000-0000-000000000001"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"event_id": "not-an-id"}, "event_id"),
        ({"event_id": ID.upper().replace("1", "A")}, "event_id"),
        ({"tenant_id": "a/b"}, "tenant_id"),
        ({"tenant_id": "x" * 129}, "tenant_id"),
        ({"correlation_id": ""}, "correlation_id"),
        ({"correlation_id": "x" * 257}, "correlation_id"),
        ({"correlation_id": "a\nb"}, "correlation_id"),
        ({"correlation_id": "a\ud800"}, "correlation_id"),
        ({"causation_id": "x"}, "causation_id"),
        ({"causation_correlation_id": "other"}, "causation_correlation_id"),
        ({"caused_by": (ID,)}, "caused_by"),
        ({"causation_id": ID, "caused_by": (ID,) * 257}, "caused_by"),
        ({"causation_id": ID, "caused_by": ("x",)}, "caused_by"),
        ({"event_type": "Execution.message"}, "event_type"),
        ({"event_type": "execution"}, "event_type"),
        ({"event_type": "execution." + "x" * 128}, "event_type"),
        ({"timestamp": datetime(1899, 12, 31, tzinfo=UTC)}, "timestamp"),
        ({"timestamp": datetime(2300, 1, 1, tzinfo=UTC)}, "timestamp"),
        ({"timestamp": datetime(2026, 1, 1)}, "timestamp"),
        ({"source": Source(origin="robot")}, "source.origin"),  # type: ignore[arg-type]
        ({"source": Source(origin="agent", runtime="")}, "source.runtime"),
        ({"source": Source(origin="agent")}, "source_seq"),
        ({"source_seq": -1}, "source_seq"),
        ({"source_seq": 2**63}, "source_seq"),
        ({"source_seq": True}, "source_seq"),
        ({"subject_id": ""}, "subject_id"),
        ({"headers": {f"h{n}": "" for n in range(33)}}, "headers"),
        ({"headers": {"h": "x" * 8192}}, "headers"),
        ({"payload": "[]"}, "payload"),
        ({"payload": "{"}, "payload"),
        ({"payload": '{"a":NaN}'}, "payload"),
        ({"payload": '{"a":' + "[" * 64 + "]" * 64 + "}"}, "payload"),
        ({"payload": '{"a":' + "[" * 50_000 + "]" * 50_000 + "}"}, "payload"),
        ({"payload": '{"a":"' + "x" * 256 * 1024 + '"}'}, "payload"),
        ({"payload_ref": PayloadRef("u", "z" * 64, 1)}, "payload_ref.sha256"),
        ({"payload_ref": PayloadRef("u", "a" * 64, -1)}, "payload_ref.bytes"),
    ],
)
def test_a_broken_rule_names_its_field(changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        some_envelope(**changes)
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")


@pytest.mark.parametrize(
    "changes",
    [
        {"correlation_id": "x" * 256},
        {"correlation_id": "überraschung 🎉/\"'"},
        {"payload": '{"a":' + "[" * 63 + "]" * 63 + "}"},
        {"payload": '{"n":' + "9" * 5_000 + "}"},
        {"payload": '{"a":1e999,"b":"\\ud800"}'},
        {"payload": ' {"a":1}\n'},
        {"source_seq": 2**63 - 1},
        {"timestamp": datetime(2299, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)},
        {"causation_id": ID, "caused_by": (ID,) * 256},
    ],
)
def test_what_is_just_within_the_limits_is_taken(changes: dict[str, object]) -> None:
    envelope = some_envelope(**changes)
    assert decode_plain(encode_envelope(envelope)) == envelope.to_plain()


@pytest.mark.parametrize(
    "damage",
    [
        lambda body: body[:-1],
        lambda body: body + b"\x00",
        lambda body: b"",
        lambda body: body[:1] + b"\xff" + body[2:],
        lambda body: body.replace(b"\x06ag2", b"\x86\x00ag2"),  # an overlong length: other decoders may differ
        lambda body: body.replace(b"\x00\x06ag2", b"\x01\x06ag2"),  # a negative enum position
    ],
)
def test_bytes_that_decoders_could_read_differently_are_refused(damage: object) -> None:
    body = damage(encode_envelope(some_envelope()))  # type: ignore[operator]
    with pytest.raises(InvalidEvent) as caught:
        decode_plain(body)
    assert caught.value.reason is Reason.UNDECODABLE


@pytest.mark.parametrize("value", [None, b"", b"\xc3\x01", b"hello", b"\x00\x00\x00\x00\x01x", b"\xc3\x01" + b"x" * 20])
def test_foreign_framing_is_refused_with_a_reason(value: bytes | None) -> None:
    with pytest.raises(InvalidEvent) as caught:
        Framing().envelope_body(value)
    assert caught.value.reason in (Reason.UNDECODABLE, Reason.UNKNOWN_SCHEMA)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("[]", "event"),
        ("{", "event"),
        ('{"event_id":1}', "event_id"),
        ('{"timestamp":"now"}', "timestamp"),
        ('{"surprise":1}', "event.surprise"),
        ('{"source":{"who":1}}', "source.who"),
        ('{"payload":{},"payload_text":"{}"}', "payload_text"),
        ('{"caused_by":"x"}', "caused_by"),
        ("{}", "timestamp"),
    ],
)
def test_json_that_does_not_fit_names_the_member(text: str, field: str) -> None:
    defaults = {"event_id": ID, "event_type": "ui.x", "correlation_id": "c", "timestamp": "2026-01-01T00:00:00Z"}
    if text == "{}":
        del defaults["timestamp"]
    with pytest.raises(InvalidEvent) as caught:
        envelope_from_json(text, **defaults)
    assert caught.value.field == field


def test_payloads_that_are_not_json_are_refused_when_they_are_written() -> None:
    loop: dict[str, object] = {}
    loop["self"] = loop
    for payload in ({"a": float("nan")}, {"a": object()}, loop):
        with pytest.raises(InvalidEvent) as caught:
            payload_text(payload)
        assert caught.value.field == "payload"
    check_payload_text(payload_text({"a": "\ud800", "when": datetime(2026, 1, 1, tzinfo=UTC)}))
