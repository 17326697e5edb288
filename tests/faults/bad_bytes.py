"""Values that are no canonical Avro of an envelope, each wrong in its own way."""

import copy
import io
import json
from collections.abc import Iterator

from fastavro import parse_schema, schemaless_writer

from chatsnapshot_schemas.avro_schema import envelope_schema, fingerprint_of
from chatsnapshot_schemas.framing import SINGLE_OBJECT, SINGLE_OBJECT_BYTES
from chatsnapshot_schemas.rules import Plain
from tests.pipeline.sequencer_installation import event, input_record

_MARK = "MARK-MARK-MARK"
"""Replaced, once encoded, by as many bytes that no text has."""


def damaged_values(good: bytes) -> Iterator[tuple[str, bytes | None]]:
    """Name and value; all are undecodable. `good`: a whole value, framing included."""
    prefix, body = good[:SINGLE_OBJECT_BYTES], good[SINGLE_OBJECT_BYTES:]
    yield "null value", None
    yield "empty value", b""
    yield "framing alone", prefix
    yield "half a framing", prefix[:5]
    yield "one byte", b"\xc3"
    yield "no framing", body
    yield "a byte left over", good + b"\0"
    yield "twice in one value", good + body
    yield "JSON", json.dumps(event("json", 0)).encode()
    yield "ones", b"\xff" * 1_000
    yield "long form of a length", prefix + b"\xc8\x80\x00" + body[1:]
    yield "length of 2^63", prefix + b"\xfe" + b"\xff" * 8 + b"\x01"
    yield "length that never ends", prefix + b"\xff" * 64
    yield "negative length", prefix + b"\x01" + body
    yield from invalid_utf8()
    yield from odd_blocks()


def invalid_utf8() -> Iterator[tuple[str, bytes]]:
    """Strings with bytes that are not UTF-8, in every field of text."""
    source = event("r", 0)["source"]
    ref = {"uri": _MARK, "sha256": "0" * 64, "bytes": 1}
    places: dict[str, Plain] = {
        "correlation_id": {"correlation_id": _MARK},
        "tenant_id": {"tenant_id": _MARK},
        "event_type": {"event_type": _MARK},
        "subject_id": {"subject_id": _MARK},
        "payload": {"payload": f'{{"a":"{_MARK}"}}'},
        "header": {"headers": {"a": _MARK}},
        "header's name": {"headers": {_MARK: "a"}},
        "payload_ref.uri": {"payload_ref": ref},
        **{
            f"source.{name}": {"source": {**source, name: _MARK}}
            for name in ("runtime", "service", "instance", "agent")
        },
    }
    wrong = (b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xc0\x80", b"\xe2\x82")
    for name, changes in places.items():
        for bad in wrong:
            _, value = input_record(event("utf8", 0, **changes))
            filled = (bad * len(_MARK))[: len(_MARK)]
            yield f"{bad.hex()} in {name}", value.replace(_MARK.encode(), filled)


def odd_blocks() -> Iterator[tuple[str, bytes]]:
    """What Avro allows and the canonical form does not: the same fields with other bytes."""
    mark = event("b", 0)["event_id"]
    _, value = input_record(event("blocks", 1, mark, caused_by=[mark]))
    one = b"\x02\x48" + mark.encode()
    at = value.index(one, value.index(mark.encode()) + 36)
    head, tail = value[:at], value[at + len(one) + 1 :]
    item = one[1:]
    yield "a block with its size", head + b"\x01" + bytes([2 * len(item)]) + item + b"\0" + tail
    yield "two blocks", head + b"\x02" + item + b"\x02" + item + b"\0" + tail
    yield "an empty block more", head + b"\x02" + item + b"\x80\x00" + tail
    yield "a block of 2^62", head + b"\xfe" + b"\xff" * 7 + b"\x7f" + item + b"\0" + tail
    _, value = input_record(event("blocks", 2, headers={"ab": "x", "ac": "y"}))
    yield "a header twice", value.replace(b"\x04ac\x02y", b"\x04ab\x02y")
    yield "no such branch of a union", value.replace(b"\x0cblocks\0", b"\x0cblocks\x04")
    yield "no such origin", value.replace(b"\0\x0ccustom", b"\x08\x0ccustom")


def older_envelope(plain: Plain) -> bytes:
    """A whole value in a schema that lacks the fields an older version might have lacked."""
    document = copy.deepcopy(json.loads(envelope_schema().text))
    document["fields"] = [one for one in document["fields"] if one["name"] not in ("subject_id", "payload_ref")]
    out = io.BytesIO()
    schemaless_writer(out, parse_schema(document), plain)
    return SINGLE_OBJECT + fingerprint_of(document) + out.getvalue()
