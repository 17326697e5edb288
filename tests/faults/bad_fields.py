"""Envelopes in good Avro with one field that breaks its rule, and the reason each must be refused for."""

from collections.abc import Iterator

from chatsnapshot_schemas.payload_json import DEPTH_MAX, PAYLOAD_BYTES_MAX
from chatsnapshot_schemas.reasons import Reason
from chatsnapshot_schemas.rules import (
    CAUSED_BY_MAX,
    HEADER_BYTES_MAX,
    HEADERS_MAX,
    TIMESTAMP_MICROS_MAX,
    TIMESTAMP_MICROS_MIN,
    Plain,
)
from tests.pipeline.sequencer_installation import event, event_id

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
INVALID, TOO_LARGE, JUMP = Reason.INVALID_ENVELOPE, Reason.TOO_LARGE, Reason.SOURCE_SEQ_JUMP
Bad = tuple[str, Reason, Plain]


def bad_fields() -> Iterator[Bad]:
    """(name, reason, changed fields)."""
    yield from _ids()
    yield from _causes()
    yield from _numbers()
    yield from _sources()
    yield from _headers()
    yield from _payloads()
    yield from _payload_refs()


def _ids() -> Iterator[Bad]:
    canonical = event_id("r", 0)
    for bad in (
        "",
        "x",
        canonical.upper().replace("0", "A"),
        canonical[:-1],
        canonical + "0",
        canonical.replace("-", ""),
    ):
        yield f"event_id {bad!r}", INVALID, {"event_id": bad}
    for bad in (f"{{{canonical}}}", canonical[:-1] + "\n", canonical[:-1] + "\uff10"):
        yield f"event_id {bad!r}", INVALID, {"event_id": bad}
    for bad in ("", "a/b", "a b", "t\n", "t" * 129, "\u0442", "a\0", "../x", "a'--"):
        yield f"tenant {bad!r:.20}", INVALID, {"tenant_id": bad}
    for bad in ("", "a\nb", "a\0b", "\x1b[31m", "\x7f", "a\u0085b", "\t"):
        yield f"correlation {bad!r}", INVALID, {"correlation_id": bad}
    yield "correlation of 257", TOO_LARGE, {"correlation_id": "c" * 257}
    for bad in (
        "",
        "execution",
        "execution.",
        "Execution.message",
        "other.message",
        "execution.Message",
        "execution..a",
    ):
        yield f"type {bad!r}", INVALID, {"event_type": bad}
    for bad in ("execution.message\n", "execution.1", "execution.m-n", "execution.\u00e9", "ui .x"):
        yield f"type {bad!r}", INVALID, {"event_type": bad}
    yield "type of 129", TOO_LARGE, {"event_type": "execution." + "a" * 119}
    yield "empty subject", INVALID, {"subject_id": ""}
    yield "subject with NUL", INVALID, {"subject_id": "a\0"}
    yield "subject of 257", TOO_LARGE, {"subject_id": "s" * 257}


def _causes() -> Iterator[Bad]:
    cause = event_id("r", 1)
    yield "no uuid as cause", INVALID, {"causation_id": "cause"}
    yield "upper-case cause", INVALID, {"causation_id": cause.upper()}
    yield "caused_by alone", INVALID, {"caused_by": [cause]}
    yield "cause's correlation alone", INVALID, {"causation_correlation_id": "other"}
    yield "cause's correlation empty", INVALID, {"causation_id": cause, "causation_correlation_id": ""}
    yield "cause's correlation with a newline", INVALID, {"causation_id": cause, "causation_correlation_id": "a\n"}
    yield "cause's correlation of 257", TOO_LARGE, {"causation_id": cause, "causation_correlation_id": "c" * 257}
    yield "no uuid in caused_by", INVALID, {"causation_id": cause, "caused_by": [cause, "x"]}
    yield "too many causes", TOO_LARGE, {"causation_id": cause, "caused_by": [cause] * (CAUSED_BY_MAX + 1)}


def _numbers() -> Iterator[Bad]:
    for bad in (-1, -1_000_000, INT64_MIN):
        yield f"source_seq {bad}", INVALID, {"source_seq": bad}
    for bad in (1_000_001, 2**31, 2**62, INT64_MAX):
        yield f"source_seq {bad}", JUMP, {"source_seq": bad}
    for bad in (INT64_MIN, INT64_MAX, TIMESTAMP_MICROS_MIN - 1, TIMESTAMP_MICROS_MAX + 1, -62_135_596_800_000_000):
        yield f"timestamp {bad}", INVALID, {"timestamp": bad}


def _sources() -> Iterator[Bad]:
    source = event("r", 0)["source"]
    yield "number without an instance", INVALID, {"source": {**source, "instance": None}}
    for name in ("runtime", "service", "instance", "agent"):
        yield f"empty {name}", INVALID, {"source": {**source, name: ""}}
        yield f"{name} with a newline", INVALID, {"source": {**source, name: "a\nb"}}
        yield f"{name} of 257", TOO_LARGE, {"source": {**source, name: "n" * 257}}


def _headers() -> Iterator[Bad]:
    yield "33 headers", TOO_LARGE, {"headers": {str(n): "v" for n in range(HEADERS_MAX + 1)}}
    yield "5,000 headers", TOO_LARGE, {"headers": {str(n): "v" for n in range(5_000)}}
    yield "headers too long", TOO_LARGE, {"headers": {"a": "v" * HEADER_BYTES_MAX}}
    yield "a header's name too long", TOO_LARGE, {"headers": {"\U0001f600" * HEADER_BYTES_MAX: ""}}


def _payloads() -> Iterator[Bad]:
    not_json = ("", " ", "{", "{}}", "{'a':1}", '{"a":01}', '{"a":1,}', '{"a" 1}', "\ufeff{}", '{"a":"\n"}', '{"a":+1}')
    not_objects = ("null", "true", "1", '"a"', "[]", "[{}]", "-0")
    not_numbers = ('{"a":NaN}', '{"a":Infinity}', '{"a":[-Infinity]}', '{"a":nan}', '{"a":1e}', '{"a":.5}', '{"a":0x1}')
    for bad in (*not_json, *not_objects, *not_numbers):
        yield f"payload {bad!r}", INVALID, {"payload": bad}
    for depth in (DEPTH_MAX + 1, 500, 5_000, 100_000):
        yield f"{depth} levels", TOO_LARGE, {"payload": '{"a":' + "[" * (depth - 1) + "]" * (depth - 1) + "}"}
    yield "100,000 objects deep", TOO_LARGE, {"payload": '{"":' * 50_000 + "1" + "}" * 50_000}
    yield "a payload of a byte too many", TOO_LARGE, {"payload": payload_of(PAYLOAD_BYTES_MAX + 1)}
    yield "a payload too large by its characters' bytes", TOO_LARGE, {"payload": f'{{"a":"{"é" * 131_072}"}}'}
    yield "a payload of 700 KB", TOO_LARGE, {"payload": payload_of(700_000)}


def _payload_refs() -> Iterator[Bad]:
    ref = {"uri": "file:///x", "sha256": "0" * 64, "bytes": 1}
    for name, bad in (("uri", ""), ("uri", "a\0"), ("sha256", "0" * 63), ("sha256", "G" * 64), ("bytes", -1)):
        yield f"payload_ref.{name} {bad!r:.9}", INVALID, {"payload_ref": {**ref, name: bad}}
    yield "payload_ref.uri of 2,049", TOO_LARGE, {"payload_ref": {**ref, "uri": "u" * 2_049}}


def payload_of(size: int) -> str:
    """A JSON object of so many bytes."""
    return '{"a":"' + "x" * (size - 8) + '"}'
