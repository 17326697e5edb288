"""Events that are odd in every way the rules allow: each must be recorded as it is."""

from collections.abc import Iterator

from chatsnapshot_schemas.payload_json import DEPTH_MAX, PAYLOAD_BYTES_MAX
from chatsnapshot_schemas.rules import (
    HEADER_BYTES_MAX,
    HEADERS_MAX,
    LONG_MAX,
    TIMESTAMP_MICROS_MAX,
    TIMESTAMP_MICROS_MIN,
    Plain,
)
from tests.faults.bad_fields import payload_of
from tests.pipeline.sequencer_installation import event, event_id

ODD_TEXTS = (
    "it's", 'a"b', "a`b", "a\\b", "a/b/c", "//", "/", " ", " a ", "%00%2f", "..", "../../etc/passwd", "?a=b&c#d",
    "'; DROP TABLE ledger; --", "{{database}}", "${x}", "<script>alert(1)</script>", "a,b;c|d", "\U0001f600\U0001f4a9",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u202eright\u202c", "\u05d0\u05d1\u05d2", "\u0645\u0631\u062d",
    "\u2028\u2029", "\ufeffbom", "\u200b", "e\u0301", "\u212b", "\ufffd", "\U0010ffff", "\ue000", "NULL", "None", "nan",
    "0", "-1", "C:\\x",
)  # fmt: skip
"""Ids that quoting, paths, SQL, terminals or Unicode tables might trip over. No control character is in one."""
ODD_VALUES = (
    "1e999", "-1e999", "1e-999", "-0", "-0.0", "9" * 5_000, "0." + "9" * 5_000, "1E+400", "18446744073709551616",
    '"\\ud800"', '"\\udfff\\ud800"', '"\\u0000"', '"\\u001b[2J"', '"\u2028"', '"\U0001f600"', '"\\/"', "[[],{},[{}]]",
)  # fmt: skip
"""Texts of JSON values that readers in other languages stumble over."""
Odd = tuple[str, Plain]


def odd_events() -> Iterator[Odd]:
    """(name, changed fields)."""
    yield from _ids()
    yield from _numbers()
    yield from _payloads()
    yield from _headers()


def _ids() -> Iterator[Odd]:
    source = event("r", 0)["source"]
    for text in ODD_TEXTS:
        yield f"correlation {text!r}", {"correlation_id": text}
        yield f"subject {text!r}", {"subject_id": text}
        named = {**source, "service": text, "instance": text, "agent": text, "runtime": text}
        yield f"source {text!r}", {"source": named}
    yield "correlation of 256 emoji", {"correlation_id": "\U0001f600" * 256}
    yield "tenant of 128", {"tenant_id": "t" * 128}
    yield "tenant of dots", {"tenant_id": ".."}
    yield "nil id", {"event_id": "00000000-0000-0000-0000-000000000000"}
    yield "largest id", {"event_id": "ffffffff-ffff-ffff-ffff-ffffffffffff"}
    yield "type of 128", {"event_type": "execution." + "a" * 118}
    yield "type of many parts", {"event_type": "ui" + ".a" * 60}
    yield "cause elsewhere", {"causation_id": event_id("x", 0), "causation_correlation_id": "it's \U0001f600/\\"}
    yield (
        "cause elsewhere, 256 emoji",
        {"causation_id": event_id("x", 0), "causation_correlation_id": "\U0001f600" * 256},
    )


def _numbers() -> Iterator[Odd]:
    year_2262 = 9_223_372_036_854_775  # the last microsecond that nanoseconds in 64 bits can say
    for time in (TIMESTAMP_MICROS_MIN, -1, 0, 1, year_2262, year_2262 + 1, TIMESTAMP_MICROS_MAX, -(2**50), 2**53):
        yield f"timestamp {time}", {"timestamp": time}
    for number in (0, 1, 999_999, 1_000_000):  # all but the first wait for those before them, until the bound
        yield f"source_seq {number}", {"source_seq": number}
    yield "no number", {"source_seq": None}


def _payloads() -> Iterator[Odd]:
    for value in ODD_VALUES:
        yield f"value {value:.20}", {"payload": f'{{"role":"user","content":{value},"n":{value}}}'}
        yield f"usage {value:.20}", {"payload": f'{{"role":"assistant","model":"m","usage":{{"output_text":{value}}}}}'}
    for text in ("{}", " {} ", "\n\t{\r\n}\n", '{"":{}}', '{"a":1,"a":2}', '{"a":{"b":1,"b":[2]},"a":"x"}'):
        yield f"payload {text!r}", {"payload": text}
    yield "64 levels", {"payload": '{"a":' + "[" * (DEPTH_MAX - 1) + "]" * (DEPTH_MAX - 1) + "}"}
    yield "brackets in a string", {"payload": '{"a":"' + "[{" * 500 + '"}'}
    yield "10,000 keys", {"payload": "{" + ",".join(f'"k{n}":{n}' for n in range(10_000)) + "}"}
    yield "a payload at its cap", {"payload": payload_of(PAYLOAD_BYTES_MAX)}
    yield "control characters at the cap", {"payload": '{"content":"' + "\\u0000" * 43_000 + '"}'}
    ref = {"uri": "s3://b/\U0001f600'\"\\", "sha256": "a" * 64, "bytes": LONG_MAX}
    yield "payload_ref", {"payload_ref": {**ref, "uri": "u" * 2_048}}


def _headers() -> Iterator[Odd]:
    yield "32 headers", {"headers": {f"h{n}": str(n) for n in range(HEADERS_MAX)}}
    yield "8 KiB of headers", {"headers": {"a": "v" * (HEADER_BYTES_MAX - 1)}}
    yield (
        "odd headers",
        {"headers": {"": "", "a\nb": "c\0d", "'": '"', "\U0001f600": "\u202e", "traceparent": "\x1b[31m"}},
    )
