"""The facts taken from the bytes against the general decoder."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatsnapshot_processors.core import ledger_facts as module
from chatsnapshot_processors.core.ledger_facts import ledger_facts
from chatsnapshot_schemas.codec import encode_envelope, encode_ledger, encode_plain
from chatsnapshot_schemas.envelope import EventEnvelope
from chatsnapshot_schemas.errors import CorruptLedger
from tests.unit.processors.event_values import event, id_of
from tests.unit.schemas.strategies import envelopes

longs = st.integers(0, 70) | st.integers(0, 2**40)


def ledger_body(envelope_body: bytes, **changes: object) -> bytes:
    head = {
        "prev_hash": bytes(range(32)),
        "sequence_no": 5,
        "recorded_at": 1_790_000_000_123_000,
        "input_epoch": 1,
        "input_partition": 2,
        "input_offset": 300,
        "gap_before": 0,
        "late": False,
        "cause": "linked",
        **changes,
    }
    return encode_ledger(head, envelope_body)[1]


heads = st.fixed_dictionaries(
    {
        "sequence_no": longs,
        "recorded_at": st.integers(1_600_000_000_000_000, 2_000_000_000_000_000) | st.integers(0, 2**50),
        "input_epoch": longs,
        "input_partition": longs,
        "input_offset": longs,
        "gap_before": longs,
        "late": st.booleans(),
        "cause": st.sampled_from(["root", "linked", "external", "unresolved"]),
    }
)


@settings(max_examples=200, deadline=None)
@given(envelopes(), heads)
def test_every_record_is_read_as_the_general_decoder_reads_it(envelope: EventEnvelope, head: dict[str, object]) -> None:
    body = ledger_body(encode_envelope(envelope), **head)
    assert ledger_facts(body) == module._decoded(body)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"cause": "a", "caused_by": ("b", "c")},
        {"cause": "a", "causation_correlation_id": "another"},
        {"seq": 3, "instance": "instance-of-a-service"},
        {"subject_id": "ü" * 100, "headers": {"traceparent": "x" * 55, "b": ""}},
        {"run": "ünïcode/'\"\U0001f600"},
        {"payload": '{"k":"' + "x" * 300_000 + '"}'},
        {"source": {"agent": "planner"}, "seq": 0},
    ],
)
def test_the_common_shapes_are_read_by_hand(changes: dict[str, object]) -> None:
    body = ledger_body(encode_plain(event("e", **changes)))  # type: ignore[arg-type]
    assert module._read(body) == module._decoded(body)
    assert module._read(body).event_id.decode() == id_of("e")


@pytest.mark.parametrize(
    "changes",
    [
        {"run": "r" * 64},
        {"timestamp": 0},
        {"timestamp": 1_000_000_000},
        {"payload_ref": {"uri": "u", "sha256": "0" * 64, "bytes": 1}},
        {"source": {"instance": "i" * 200}, "seq": 1},
        {"caused_by": tuple(str(n) for n in range(70)), "cause": "a"},
    ],
)
def test_other_shapes_are_left_to_the_general_decoder(changes: dict[str, object]) -> None:
    body = ledger_body(encode_plain(event("e", **changes)))  # type: ignore[arg-type]
    assert ledger_facts(body) == module._decoded(body)
    with pytest.raises((module._Unusual, IndexError, ValueError)):
        module._read(body)


def test_what_is_no_record_is_refused() -> None:
    body = ledger_body(encode_plain(event("e")))
    for wrong in (b"", body[:80], body[:-1], body + b"\0", bytes(300)):
        with pytest.raises(CorruptLedger):
            ledger_facts(wrong)
