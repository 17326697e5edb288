"""Content-Encoding of a request's body, unpacked within a bound: a small body may claim to be terabytes. Pure."""

import zlib
from typing import TypeVar

from chatsnapshot_schemas.errors import InvalidEvent, UnsupportedMedia
from chatsnapshot_schemas.reasons import Reason

ENCODINGS = ("gzip", "deflate", "identity")
Packable = TypeVar("Packable", bytes, bytearray)

_GZIP_BITS = 16 + zlib.MAX_WBITS
_ZLIB_LOW_NIBBLE = 8
"""RFC 1950: the method `deflate` in the first byte; then header and checksum surround the data."""


def unpacked(body: bytes, content_encoding: str | None, bytes_max: int) -> bytes:
    """The body as it was before it was packed.

    Raises UnsupportedMedia for another encoding, InvalidEvent about the `body`: `too_large` beyond `bytes_max`,
    `undecodable` when it is damaged or cut off.
    """
    encoding = (content_encoding or "identity").strip().lower().removeprefix("x-")
    if encoding not in ENCODINGS:
        raise UnsupportedMedia(f"Content-Encoding {content_encoding!r} is not taken: one of {', '.join(ENCODINGS)}")
    if encoding == "identity":
        return _within(body, bytes_max)
    try:
        return _gunzipped(body, bytes_max) if encoding == "gzip" else _inflated(body, bytes_max)
    except zlib.error as error:
        raise InvalidEvent("body", f"not {encoding}: {error}", Reason.UNDECODABLE) from None


def _gunzipped(body: bytes, bytes_max: int) -> bytes:
    """Every member of the file, as `gzip` reads it. Each takes bytes of the body, so their number is bounded."""
    whole = bytearray()
    while body:
        member = zlib.decompressobj(_GZIP_BITS)
        whole += _finished(member, body, bytes_max - len(whole))
        _within(whole, bytes_max)
        body = member.unused_data
    return bytes(whole)


def _inflated(body: bytes, bytes_max: int) -> bytes:
    """With zlib's header, as RFC 9110 says, or bare, as some clients send it."""
    has_header = len(body) > 1 and body[0] & 15 == _ZLIB_LOW_NIBBLE and (body[0] << 8 | body[1]) % 31 == 0
    data = zlib.decompressobj(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
    return _within(_finished(data, body, bytes_max), bytes_max)


def _finished(data: "zlib._Decompress", body: bytes, room: int) -> bytes:
    """What the body holds, or the first byte more than there is room for."""
    out = data.decompress(body, room + 1)
    if not data.eof and len(out) <= room:
        raise zlib.error("it ends too early")
    return out


def _within(body: Packable, bytes_max: int) -> Packable:
    if len(body) > bytes_max:
        raise InvalidEvent("body", f"more than {bytes_max:,} bytes; send it in several requests", Reason.TOO_LARGE)
    return body
