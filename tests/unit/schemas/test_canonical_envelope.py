"""The one-pass reader against the slow way: a general decoder, then encode again and compare."""

from io import BytesIO

from fastavro import schemaless_reader
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatsnapshot_schemas.avro_schema import envelope_schema
from chatsnapshot_schemas.canonical_envelope import read_envelope
from chatsnapshot_schemas.codec import decode_plain, encode_envelope, encode_plain
from chatsnapshot_schemas.envelope import Source
from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.rules import Plain
from tests.unit.schemas.strategies import envelopes, some_envelope

BODY = encode_envelope(some_envelope())


def slowly(body: bytes) -> Plain | None:
    try:
        plain: Plain = schemaless_reader(BytesIO(body), envelope_schema().parsed, None)
        return plain if encode_plain(plain) == body else None
    except Exception:
        return None


def quickly(body: bytes) -> Plain | None:
    try:
        return decode_plain(body)
    except InvalidEvent:
        return None


def test_the_schema_is_the_one_it_was_written_for() -> None:
    def shape(schema: object) -> object:
        match schema:
            case {"type": "record", "fields": fields}:
                return [(field["name"], shape(field["type"])) for field in fields]
            case {"type": "enum", "symbols": symbols}:
                return symbols
            case {"type": "array", "items": items}:
                return ["array", shape(items)]
            case {"type": "map", "values": values}:
                return ["map", shape(values)]
            case {"type": inner}:
                return shape(inner)
            case list():
                return tuple(shape(one) for one in schema)
        return schema

    optional = ("null", "string")
    assert shape(envelope_schema().parsed) == [
        ("event_id", "string"),
        ("tenant_id", "string"),
        ("correlation_id", "string"),
        ("causation_id", optional),
        ("causation_correlation_id", optional),
        ("caused_by", ["array", "string"]),
        ("event_type", "string"),
        ("timestamp", "long"),
        (
            "source",
            [
                ("origin", ["agent", "system", "ui", "integration"]),
                ("runtime", "string"),
                ("service", "string"),
                ("instance", optional),
                ("agent", optional),
            ],
        ),
        ("source_seq", ("null", "long")),
        ("subject_id", optional),
        ("headers", ["map", "string"]),
        ("payload", "string"),
        ("payload_ref", ("null", [("uri", "string"), ("sha256", "string"), ("bytes", "long")])),
    ]


LONG_RUNTIME = Source(origin="agent", runtime="0" * 8 + "\xa0" * 16 + "\U00010000" * 6, service="0")
"""Its length takes two bytes; read as one, what follows is looked for behind the end."""


@settings(max_examples=80, deadline=None)
@given(envelopes())
@example(some_envelope(source=LONG_RUNTIME, source_seq=None, correlation_id="0", payload="{}"))
def test_every_envelope_is_read_as_the_general_decoder_reads_it(envelope: object) -> None:
    body = encode_envelope(envelope)  # type: ignore[arg-type]
    plain = read_envelope(body)
    assert plain == slowly(body)
    assert list(plain) == list(slowly(body) or {})


@settings(max_examples=150, deadline=None)
@given(envelopes(), st.data())
def test_damaged_bytes_are_refused_or_read_alike(envelope: object, data: st.DataObject) -> None:
    body = bytearray(encode_envelope(envelope))  # type: ignore[arg-type]
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, max(len(body) - 1, 0)))
        kind = data.draw(st.sampled_from(["set", "insert", "delete"]))
        piece = data.draw(st.binary(min_size=1, max_size=2))
        body[at : at + (0 if kind == "insert" else 1)] = b"" if kind == "delete" else piece
    assert quickly(bytes(body)) == slowly(bytes(body))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
@example(b"")
def test_arbitrary_bytes_are_refused_or_read_alike(body: bytes) -> None:
    assert quickly(body) == slowly(body)


def at_each_byte() -> list[bytes]:
    return [
        BODY[:at] + bytes([byte]) + BODY[at + 1 :] for at in range(len(BODY)) for byte in (0, 1, 2, 3, 8, 0x80, 0xFF)
    ]


def test_every_byte_replaced_gives_the_same_answer() -> None:
    assert [quickly(body) == slowly(body) for body in at_each_byte()] == [True] * (7 * len(BODY))


def test_every_truncation_is_refused() -> None:
    assert [cut for cut in range(len(BODY)) if quickly(BODY[:cut]) is not None] == []
    assert quickly(BODY + b"\0") is None
