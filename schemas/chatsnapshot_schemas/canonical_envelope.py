"""Reads an envelope's Avro body in one pass and accepts the canonical encoding only.

By hand for this one schema, because every event passes here: decoding with a general reader, encoding again and
comparing takes several times as long. A test keeps it equal to exactly that, for the fields of the `.avsc` and for
arbitrary bytes.

Canonical: shortest integers, indexes of enums and unions in range, one block per array and map, no key twice, strict
UTF-8, no byte left over.
"""

from chatsnapshot_schemas.rules import ORIGINS, Plain

_ORIGIN = {2 * index: origin for index, origin in enumerate(ORIGINS)}
_NULL, _VALUE = 0, 2
_VARINT_SHIFT_MAX = 63
"""The tenth byte of a 64-bit integer."""


class NotCanonical(ValueError):
    """The bytes are not the canonical encoding of an envelope. Other bytes may raise IndexError or
    UnicodeDecodeError."""


def read_envelope(body: bytes) -> Plain:
    """The plain fields. Raises NotCanonical, IndexError (bytes missing) or UnicodeDecodeError."""
    event_id, at = _text(body, 0)
    tenant_id, at = _text(body, at)
    correlation_id, at = _text(body, at)
    causation_id, at = _optional_text(body, at)
    causation_correlation_id, at = _optional_text(body, at)
    caused_by, at = _texts(body, at) if body[at] else ([], at + 1)
    event_type, at = _text(body, at)
    timestamp, at = _long(body, at)
    source, at = _source(body, at)
    source_seq, at = _long(body, at + 1) if _is_set(body[at]) else (None, at + 1)
    subject_id, at = _optional_text(body, at)
    headers, at = _headers(body, at) if body[at] else ({}, at + 1)
    payload, at = _text(body, at)
    payload_ref, at = _payload_ref(body, at + 1) if _is_set(body[at]) else (None, at + 1)
    if at != len(body):
        raise NotCanonical(f"{len(body)} bytes, {at} needed")
    return {
        "event_id": event_id,
        "tenant_id": tenant_id,
        "correlation_id": correlation_id,
        "causation_id": causation_id,
        "causation_correlation_id": causation_correlation_id,
        "caused_by": caused_by,
        "event_type": event_type,
        "timestamp": timestamp,
        "source": source,
        "source_seq": source_seq,
        "subject_id": subject_id,
        "headers": headers,
        "payload": payload,
        "payload_ref": payload_ref,
    }


def _source(body: bytes, at: int) -> tuple[Plain, int]:
    origin = _ORIGIN.get(body[at])
    if origin is None:
        raise NotCanonical("source.origin: no such symbol")
    runtime, at = _text(body, at + 1)
    service, at = _text(body, at)
    instance, at = _optional_text(body, at)
    agent, at = _optional_text(body, at)
    return {"origin": origin, "runtime": runtime, "service": service, "instance": instance, "agent": agent}, at


def _payload_ref(body: bytes, at: int) -> tuple[Plain, int]:
    uri, at = _text(body, at)
    sha256, at = _text(body, at)
    size, at = _long(body, at)
    return {"uri": uri, "sha256": sha256, "bytes": size}, at


def _texts(body: bytes, at: int) -> tuple[list[str], int]:
    count, at = _count(body, at)
    items: list[str] = []
    for _ in range(count):
        item, at = _text(body, at)
        items.append(item)
    return items, _end_of_blocks(body, at)


def _headers(body: bytes, at: int) -> tuple[dict[str, str], int]:
    count, at = _count(body, at)
    entries: dict[str, str] = {}
    for _ in range(count):
        key, at = _text(body, at)
        entries[key], at = _text(body, at)
    if len(entries) != count:
        raise NotCanonical("headers: a key twice")
    return entries, _end_of_blocks(body, at)


def _count(body: bytes, at: int) -> tuple[int, int]:
    count, at = _long(body, at)
    if count < 0:
        raise NotCanonical("a block with its size in bytes")
    return count, at


def _end_of_blocks(body: bytes, at: int) -> int:
    if body[at]:
        raise NotCanonical("more than one block")
    return at + 1


def _optional_text(body: bytes, at: int) -> tuple[str | None, int]:
    return _text(body, at + 1) if _is_set(body[at]) else (None, at + 1)


def _is_set(union: int) -> bool:
    if union == _VALUE:
        return True
    if union == _NULL:
        return False
    raise NotCanonical("no such branch of a union")


def _text(body: bytes, at: int) -> tuple[str, int]:
    size = body[at]
    at += 1
    if size > 127:
        size, at = _varint(body, at, size)
    if size & 1:
        raise NotCanonical("a negative length")
    end = at + (size >> 1)
    # a slice that ends too early is found out by whatever is read next, at the latest by the count of all bytes
    return body[at:end].decode(), end


def _long(body: bytes, at: int) -> tuple[int, int]:
    number, at = body[at], at + 1
    if number > 127:
        number, at = _varint(body, at, number)
    return (number >> 1) ^ -(number & 1), at


def _varint(body: bytes, at: int, first: int) -> tuple[int, int]:
    number, shift = first & 127, 7
    while True:
        byte = body[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            if not byte or number >> 64:
                raise NotCanonical("an integer that is too long")
            return number, at
        shift += 7
        if shift > _VARINT_SHIFT_MAX:
            raise NotCanonical("an integer that is too long")
