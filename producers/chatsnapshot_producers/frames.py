"""How one event lies in a spool segment: magic, lengths, CRC, key, body. Pure: bytes in, bytes out.

2 bytes  magic C5 E7
2 bytes  length of the key, big-endian
4 bytes  length of the body, big-endian
4 bytes  CRC-32 of both lengths, key and body, big-endian
key      message key, UTF-8 `tenant/correlation`
body     Avro body of the envelope, without framing
"""

import struct
from typing import NamedTuple
from zlib import crc32

MAGIC = b"\xc5\xe7"
_HEADER = struct.Struct(">2sHII")
_LENGTHS = struct.Struct(">HI")
BODY_BYTES_MAX = 4 * 1024 * 1024
"""No honest envelope comes near it: a larger length is damage."""


class Frame(NamedTuple):
    """One event in a segment and the offset right behind it."""

    key: bytes
    body: bytes
    end: int


def encode_frame(key: bytes, body: bytes) -> bytes:
    """The bytes to append for one event."""
    return _HEADER.pack(MAGIC, len(key), len(body), _checksum(key, body)) + key + body


def read_frame(data: bytes, at: int) -> Frame | None:
    """The frame that begins at `at`; None unless it is whole and undamaged."""
    key_at = at + _HEADER.size
    if key_at > len(data):
        return None
    magic, key_bytes, body_bytes, checksum = _HEADER.unpack_from(data, at)
    body_at = key_at + key_bytes
    end = body_at + body_bytes
    if magic != MAGIC or body_bytes > BODY_BYTES_MAX or end > len(data):
        return None
    key, body = data[key_at:body_at], data[body_at:end]
    return Frame(key, body, end) if checksum == _checksum(key, body) else None


def next_frame_at(data: bytes, after: int) -> int | None:
    """Where reading can go on behind a damaged frame that begins at `after`; None when nothing readable follows."""
    at = data.find(MAGIC, after + 1)
    while at >= 0:
        if read_frame(data, at) is not None:
            return at
        at = data.find(MAGIC, at + 1)
    return None


def _checksum(key: bytes, body: bytes) -> int:
    return crc32(body, crc32(key, crc32(_LENGTHS.pack(len(key), len(body)))))
