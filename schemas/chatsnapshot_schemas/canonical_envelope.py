"""Reads an envelope's Avro body in one pass and accepts the canonical encoding only.

By hand for this one schema, because every event passes here: decoding with a general reader, encoding again and
comparing takes several times as long. A test keeps it equal to exactly that, for the fields of the `.avsc` and for
arbitrary bytes.

Canonical: shortest integers, indexes of enums and unions in range, one block per array and map, no key twice, strict
UTF-8, no byte left over.
"""

from functools import lru_cache
from typing import TypeVar

from chatsnapshot_schemas.avro_long import NotCanonical, decode_long, decode_rest
from chatsnapshot_schemas.rules import ORIGINS, Plain

SCOPES_CACHED_MAX = 65_536
SOURCES_CACHED_MAX = 16_384
TYPES_CACHED_MAX = 1_024
TIMES_CACHED_MAX = 1_024
"""Parts that come again with most events are decoded once: runs, sources, event types, and the upper bytes of times,
which stay the same for two seconds."""

_ORIGIN = {2 * index: origin for index, origin in enumerate(ORIGINS)}
_NULL, _VALUE = 0, 2
_UUID_SIZE = 72
"""36 characters, as Avro writes a length."""
_NOT_SHORT = 0x81
"""A length with one of these bits is negative or takes a second byte."""
_TIME_LOW_BYTES, _TIME_BYTES = 3, 8
"""Of a time between 1980 and 2105 in microseconds; seven bits in each byte."""

Part = TypeVar("Part")


def read_envelope(body: bytes) -> Plain:
    """The plain fields. Raises ValueError (NotCanonical, UnicodeDecodeError) or IndexError (bytes missing).

    Strings and `source` are shared between envelopes that have them in common: they are not to be changed.
    """
    event_id, at = (body[1:37].decode(), 37) if body[0] == _UUID_SIZE else _text(body, 0)
    (tenant_id, correlation_id), at = _scope_at(body, at)
    causation_id, at = _optional_text(body, at)
    causation_correlation_id, at = _optional_text(body, at) if body[at] else (None, at + 1)
    caused_by, at = _texts(body, at) if body[at] else ([], at + 1)
    event_type, at = _known_text(body, at)
    timestamp, at = _timestamp(body, at)
    source, at = _source_at(body, at)
    source_seq, at = decode_long(body, at + 1) if _is_set(body[at]) else (None, at + 1)
    subject_id, at = _optional_text(body, at) if body[at] else (None, at + 1)
    headers, at = _headers(body, at) if body[at] else ({}, at + 1)
    payload, at = _text(body, at)
    payload_ref, at = _payload_ref(body, at + 1) if body[at] and _is_set(body[at]) else (None, at + 1)
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


def _scope_at(body: bytes, at: int) -> tuple[tuple[str, str], int]:
    """Tenant and correlation."""
    tenant_size = body[at]
    correlation_at = at + 1 + (tenant_size >> 1)
    correlation_size = body[correlation_at]
    if (tenant_size | correlation_size) & _NOT_SHORT:
        return _scope(body, at)
    end = correlation_at + 1 + (correlation_size >> 1)
    return _known_scope(body[at:end]), end


def _scope(body: bytes, at: int) -> tuple[tuple[str, str], int]:
    tenant_id, at = _text(body, at)
    correlation_id, at = _text(body, at)
    return (tenant_id, correlation_id), at


@lru_cache(SCOPES_CACHED_MAX)
def _known_scope(part: bytes) -> tuple[str, str]:
    scope, end = _scope(part, 0)
    return _whole(scope, end, part)


def _source_at(body: bytes, start: int) -> tuple[Plain, int]:
    try:
        end = _end_of_short_source(body, start)
    except IndexError:  # a length of two bytes, read as one, leads far away
        end = None
    return _source(body, start) if end is None else (_known_source(body[start:end]), end)


def _end_of_short_source(body: bytes, start: int) -> int | None:
    """Where the source ends when every length in it takes one byte."""
    runtime_size = body[start + 1]
    at = start + 2 + (runtime_size >> 1)
    service_size = body[at]
    at += 1 + (service_size >> 1)
    instance_size = body[at + 1] if body[at] else 0
    at += 2 + (instance_size >> 1) if body[at] else 1
    agent_size = body[at + 1] if body[at] else 0
    at += 2 + (agent_size >> 1) if body[at] else 1
    return None if (runtime_size | service_size | instance_size | agent_size) & _NOT_SHORT else at


@lru_cache(SOURCES_CACHED_MAX)
def _known_source(part: bytes) -> Plain:
    source, end = _source(part, 0)
    return _whole(source, end, part)


def _known_text(body: bytes, at: int) -> tuple[str, int]:
    """A text that comes again."""
    size = body[at]
    if size & _NOT_SHORT:
        return _text(body, at)
    end = at + 1 + (size >> 1)
    return _whole_text(body[at:end]), end


@lru_cache(TYPES_CACHED_MAX)
def _whole_text(part: bytes) -> str:
    text, end = _text(part, 0)
    return _whole(text, end, part)


def _whole(value: Part, end: int, part: bytes) -> Part:
    if end != len(part):
        raise NotCanonical("bytes are missing")
    return value


def _timestamp(body: bytes, at: int) -> tuple[int, int]:
    """As `decode_long`, quicker for times of this century."""
    first, second, third = body[at : at + _TIME_LOW_BYTES]
    upper = _upper_bits(body[at + _TIME_LOW_BYTES : at + _TIME_BYTES])
    if upper is None or first < 128 or second < 128 or third < 128:
        return decode_long(body, at)
    number = upper | first & 127 | (second & 127) << 7 | (third & 127) << 14
    return (number >> 1) ^ -(number & 1), at + _TIME_BYTES


@lru_cache(TIMES_CACHED_MAX)
def _upper_bits(part: bytes) -> int | None:
    """The last five bytes of an eight-byte integer; None when it does not end there."""
    *middle, last = part
    if len(part) != _TIME_BYTES - _TIME_LOW_BYTES or not 0 < last < 128 or min(middle) < 128:
        return None
    return sum((byte & 127) << 7 * place for place, byte in enumerate(part, start=_TIME_LOW_BYTES))


def _payload_ref(body: bytes, at: int) -> tuple[Plain, int]:
    uri, at = _text(body, at)
    sha256, at = _text(body, at)
    size, at = decode_long(body, at)
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
    count, at = decode_long(body, at)
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
        size, at = decode_rest(body, at, size)
    if size & 1:
        raise NotCanonical("a negative length")
    end = at + (size >> 1)
    # a slice that ends too early is found out by whatever is read next, at the latest by the count of all bytes
    return body[at:end].decode(), end
