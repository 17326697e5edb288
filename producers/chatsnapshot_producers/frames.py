"""How one event lies in a spool segment: magic, lengths, CRC, key, body. Pure: bytes in, bytes out.

2 bytes  magic C5 E7; C5 E8: with the whole payload, which has to be in blob storage before the event is sent
2 bytes  length of the key, big-endian
4 bytes  length of the body, big-endian
4 bytes  CRC-32 of both lengths, key and body, big-endian
key      message key, UTF-8 `tenant/correlation`
body     Avro body of the envelope, without framing; after C5 E8: its length (4 bytes), itself, then the payload

Neither magic occurs in UTF-8, so a payload cannot look like a frame.
"""

import re
import struct
from typing import NamedTuple
from zlib import crc32

MAGIC = b"\xc5\xe7"
MAGIC_WITH_PAYLOAD = b"\xc5\xe8"
_ANY_MAGIC = re.compile(b"\xc5[\xe7\xe8]")
_HEADER = struct.Struct(">2sHII")
_LENGTHS = struct.Struct(">HI")
_LENGTH = struct.Struct(">I")
BODY_BYTES_MAX = 4 * 1024 * 1024
"""No honest envelope comes near it: a larger length is damage."""
WITH_PAYLOAD_BYTES_MAX = BODY_BYTES_MAX + 64 * 1024 * 1024
"""The same with the largest payload that blob storage takes."""


class Frame(NamedTuple):
    """One event in a segment and the offset right behind it."""

    key: bytes
    body: bytes
    end: int
    payload: bytes = b""
    """The whole payload, when it is above the cap; the envelope in `body` has its preview."""


def encode_frame(key: bytes, body: bytes, payload: bytes = b"") -> bytes:
    """The bytes to append for one event."""
    if payload:
        return _with_payload(key, body, payload)
    return _HEADER.pack(MAGIC, len(key), len(body), _checksum(key, body)) + key + body


def _with_payload(key: bytes, body: bytes, payload: bytes) -> bytes:
    """In one copy: the payload may be large."""
    parts = (_LENGTH.pack(len(body)), body, payload)
    size = sum(map(len, parts))
    checksum = crc32(key, crc32(_LENGTHS.pack(len(key), size)))
    for part in parts:
        checksum = crc32(part, checksum)
    return b"".join((_HEADER.pack(MAGIC_WITH_PAYLOAD, len(key), size, checksum), key, *parts))


def read_frame(data: bytes, at: int) -> Frame | None:
    """The frame that begins at `at`; None unless it is whole and undamaged."""
    key_at = at + _HEADER.size
    if key_at > len(data):
        return None
    magic, key_bytes, body_bytes, checksum = _HEADER.unpack_from(data, at)
    body_at = key_at + key_bytes
    end = body_at + body_bytes
    if end > len(data):
        return None
    if magic == MAGIC_WITH_PAYLOAD:
        return _read_with_payload(data, key_at, body_at, end, checksum)
    if magic != MAGIC or body_bytes > BODY_BYTES_MAX:
        return None
    key, body = data[key_at:body_at], data[body_at:end]
    return Frame(key, body, end) if checksum == _checksum(key, body) else None


def _read_with_payload(data: bytes, key_at: int, body_at: int, end: int, checksum: int) -> Frame | None:
    key, body = data[key_at:body_at], memoryview(data)[body_at:end]  # a view: the payload is copied once, below
    if not _LENGTH.size <= len(body) <= WITH_PAYLOAD_BYTES_MAX or checksum != _checksum(key, body):
        return None
    payload_at = _LENGTH.size + _LENGTH.unpack_from(body)[0]
    return Frame(key, bytes(body[_LENGTH.size : payload_at]), end, bytes(body[payload_at:]))


def next_frame_at(data: bytes, after: int) -> int | None:
    """Where reading can go on behind a damaged frame that begins at `after`; None when nothing readable follows."""
    found = _ANY_MAGIC.finditer(data, after + 1)
    return next((match.start() for match in found if read_frame(data, match.start()) is not None), None)


def is_cut_off(data: bytes, at: int) -> bool:
    """Whether what begins at `at` and ends with `data` is the beginning of a frame that was never written whole."""
    if len(data) - at < _HEADER.size:
        return any(magic.startswith(data[at : at + len(magic)]) for magic in (MAGIC, MAGIC_WITH_PAYLOAD))
    magic, key_bytes, body_bytes, _ = _HEADER.unpack_from(data, at)
    return magic in (MAGIC, MAGIC_WITH_PAYLOAD) and at + _HEADER.size + key_bytes + body_bytes > len(data)


def _checksum(key: bytes, body: bytes | memoryview) -> int:
    return crc32(body, crc32(key, crc32(_LENGTHS.pack(len(key), len(body)))))
