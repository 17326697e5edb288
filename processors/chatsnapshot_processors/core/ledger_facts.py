"""What the state needs of a ledger record, taken straight from its bytes.

While state is restored every record of a partition passes here: decoding all its fields, most of which nobody asks for,
takes three times as long. Only the common shape is read by hand; anything else (long names, payload references) goes
through the general decoder, and a test keeps the two equal.
"""

from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from chatsnapshot_processors.core.same_fact import DIGEST_BYTES, fact_digest
from chatsnapshot_schemas.avro_long import decode_long, decode_rest
from chatsnapshot_schemas.codec import decode_ledger_plain
from chatsnapshot_schemas.partitioning import message_key

SCOPES_CACHED_MAX = 65_536
SOURCES_CACHED_MAX = 16_384
PLACES_CACHED_MAX = 1_024
"""Parts that come again with most records: runs, sources, and append time with epoch and partition."""

_HASHES = 64
_PLACE = 10
"""An append time of this century takes 8 bytes; epoch and partition one each when they are below 64."""
_UUID_SIZE = 72
_UUID_FIELD = 37
"""36 characters behind their length."""
_NOT_SHORT = 0x81
"""A length with one of these bits is negative or takes a second byte."""
_SET = 2
_TIME = 8
_CONTINUES, _EIGHT_BYTES = 0x8080808080808080, 0x8080808080808000
"""The highest bit of each byte of an integer says whether another follows."""


class LedgerFacts(NamedTuple):
    """Of one ledger record. Times in microseconds since 1970."""

    hash: bytes
    sequence_no: int
    recorded_at: int
    input_epoch: int
    input_offset: int
    gap_before: int
    late: bool
    correlation: bytes
    """The message key."""
    event_id: bytes
    """36 characters of ASCII."""
    digest: bytes
    """As `fact_digest`."""
    source_seq: int | None
    instance: str | None


class _Unusual(Exception):
    """Not the common shape."""


def ledger_facts(body: bytes) -> LedgerFacts:
    """The facts of a record's Avro body. Raises CorruptLedger."""
    try:
        return _read(body)
    except (_Unusual, IndexError, ValueError):
        return _decoded(body)


def _read(body: bytes) -> LedgerFacts:
    first = body[_HASHES]
    sequence_no, at = (first >> 1, _HASHES + 1) if first < 128 else decode_long(body, _HASHES)
    recorded_at, epoch = _place(body[at : at + _PLACE])
    offset, at = decode_long(body, at + _PLACE)
    gap_before, at = decode_long(body, at) if body[at] else (0, at + 1)
    late = body[at] == 1
    at += 2  # the cause is not asked for
    event_id, at = body[at + 1 : at + _UUID_FIELD], at + _UUID_FIELD
    tenant_size = body[at]
    end = at + 1 + (tenant_size >> 1)
    correlation_size = body[end]
    end += 1 + (correlation_size >> 1)
    correlation = _scope(body[at:end])
    causation, at = _causes(body, end)
    type_size = body[at]
    end = at + 1 + (type_size >> 1)
    time = int.from_bytes(body[end : end + _TIME], "big")
    if (tenant_size | correlation_size | type_size) & _NOT_SHORT or time & _CONTINUES != _EIGHT_BYTES:
        raise _Unusual
    event_type = body[at + 1 : end]
    instance, at = _source_at(body, end + _TIME)
    source_seq, at = decode_long(body, at + 1) if body[at] == _SET else (None, _unset(body, at))
    subject, at = _subject(body, at) if body[at] else (b"", at + 1)
    at = _after_headers(body, at) if body[at] else at + 1
    size, at = body[at], at + 1
    if size > 127:
        size, at = decode_rest(body, at, size)
    end = at + (size >> 1)
    if body[end] or end + 1 != len(body):
        raise _Unusual
    fact = b"%b\0%b\0%b\0\0%b" % (event_type, causation, subject, body[at:end])
    digest = blake2b(fact, digest_size=DIGEST_BYTES).digest()
    return LedgerFacts(
        body[:32],
        sequence_no,
        recorded_at,
        epoch,
        offset,
        gap_before,
        late,
        correlation,
        event_id,
        digest,
        source_seq,
        instance,
    )


@lru_cache(PLACES_CACHED_MAX)
def _place(part: bytes) -> tuple[int, int]:
    """Append time and epoch."""
    recorded_at, at = decode_long(part, 0)
    if at != _TIME or part[_TIME] & _NOT_SHORT or part[_TIME + 1] & _NOT_SHORT:
        raise _Unusual
    return recorded_at, part[_TIME] >> 1


@lru_cache(SCOPES_CACHED_MAX)
def _scope(part: bytes) -> bytes:
    """The message key of tenant and correlation."""
    tenant_end = 1 + (part[0] >> 1)
    return message_key(part[1:tenant_end].decode(), part[tenant_end + 1 :].decode())


def _causes(body: bytes, at: int) -> tuple[bytes, int]:
    """The first cause (empty without one) and where event_type begins."""
    causation = b""
    if body[at] == _SET and body[at + 1] == _UUID_SIZE:
        causation = body[at + 2 : at + 1 + _UUID_FIELD]
        at += 1 + _UUID_FIELD
    else:
        at = _unset(body, at)
    if body[at]:
        if body[at] != _SET or body[at + 1] & _NOT_SHORT:
            raise _Unusual
        at += 1 + (body[at + 1] >> 1)
    at += 1
    count = body[at]
    if count:
        end = at + 1 + _UUID_FIELD * (count >> 1)
        if count & _NOT_SHORT or body[end] or body[at + 1 : end : _UUID_FIELD].count(_UUID_SIZE) != count >> 1:
            raise _Unusual
        at = end
    return causation, at + 1


def _source_at(body: bytes, start: int) -> tuple[str | None, int]:
    """The instance, and where the source ends."""
    sizes = body[start + 1]
    at = start + 2 + (sizes >> 1)
    sizes |= body[at]
    at += 1 + (body[at] >> 1)
    for _ in range(2):
        if body[at]:
            size = body[at + 1]
            sizes |= size
            at += 2 + (size >> 1)
        else:
            at += 1
    if sizes & _NOT_SHORT:
        raise _Unusual
    return _instance(body[start:at]), at


@lru_cache(SOURCES_CACHED_MAX)
def _instance(part: bytes) -> str | None:
    """Of a source: origin, runtime, service, instance or null, agent or null, all of them short."""
    at = 2 + (part[1] >> 1)
    at += 1 + (part[at] >> 1)
    if not part[at]:
        return None
    return part[at + 2 : at + 2 + (part[at + 1] >> 1)].decode()


def _unset(body: bytes, at: int) -> int:
    if body[at]:
        raise _Unusual
    return at + 1


def _subject(body: bytes, at: int) -> tuple[bytes, int]:
    if body[at] != _SET:
        raise _Unusual
    size, at = decode_long(body, at + 1)
    return body[at : at + size], at + size


def _after_headers(body: bytes, at: int) -> int:
    """One block of pairs of texts."""
    count, at = decode_long(body, at)
    for _ in range(2 * count):
        size, at = decode_long(body, at)
        at += size
    return _unset(body, at)


def _decoded(body: bytes) -> LedgerFacts:
    plain = decode_ledger_plain(body)
    envelope = plain["envelope"]
    return LedgerFacts(
        plain["hash"],
        plain["sequence_no"],
        plain["recorded_at"],
        plain["input_epoch"],
        plain["input_offset"],
        plain["gap_before"],
        plain["late"],
        message_key(envelope["tenant_id"], envelope["correlation_id"]),
        envelope["event_id"].encode(),
        fact_digest(envelope),
        envelope["source_seq"],
        envelope["source"]["instance"],
    )
