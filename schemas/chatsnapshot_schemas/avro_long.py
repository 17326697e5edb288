"""Avro's integers: zigzag, then seven bits a byte, lowest first (Avro specification, "Binary encoding")."""

_SHIFT_MAX = 63
"""The tenth byte of a 64-bit integer."""


class NotCanonical(ValueError):
    """The bytes are not the shortest, only encoding of what they mean."""


def encode_long(number: int) -> bytes:
    """The bytes of a 64-bit integer."""
    rest = (number << 1) ^ (number >> 63)
    out = bytearray()
    while rest > 127:
        out.append(rest & 127 | 128)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def decode_long(body: bytes, at: int) -> tuple[int, int]:
    """The integer that begins at `at`, and where it ends. Raises NotCanonical, IndexError (bytes missing)."""
    number, at = body[at], at + 1
    if number > 127:
        number, at = decode_rest(body, at, number)
    return (number >> 1) ^ -(number & 1), at


def decode_rest(body: bytes, at: int, first: int) -> tuple[int, int]:
    """The same before zigzag, its first byte having been read. Raises NotCanonical, IndexError."""
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
        if shift > _SHIFT_MAX:
            raise NotCanonical("an integer that is too long")
