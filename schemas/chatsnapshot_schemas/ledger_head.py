"""Writes a ledger record's own fields, between `hash` and `envelope`, in Avro; reads its time back.

By hand for these nine fields, because every event passes here; a test keeps it equal to a general Avro writer.
"""

from functools import lru_cache
from typing import get_args

from chatsnapshot_schemas.avro_long import decode_long, encode_long
from chatsnapshot_schemas.ledger_record import Cause
from chatsnapshot_schemas.rules import Plain

INTEGERS_CACHED_MAX = 4_096
"""Most integers of a record come again soon: epoch, partition, append time, small counts."""

_THREE_BYTES_MIN, _FOUR_BYTES_MIN = 1 << 14, 1 << 21

SEQUENCE_NO_AT = 64
"""Behind `hash` and `prev_hash`, 32 bytes each."""

_CAUSE = {cause: bytes([2 * index]) for index, cause in enumerate(get_args(Cause))}
_BOOLEAN = {False: b"\0", True: b"\1"}


def write_head(head: Plain) -> bytes:
    """The Avro bytes of `prev_hash` to `cause`."""
    return b"".join(
        (
            head["prev_hash"],
            _long(head["sequence_no"]),
            _long(head["recorded_at"]),
            _long(head["input_epoch"]),
            _long(head["input_partition"]),
            _new_long(head["input_offset"]),
            _long(head["gap_before"]),
            _BOOLEAN[head["late"]],
            _CAUSE[head["cause"]],
        )
    )


def read_recorded_at(body: bytes) -> int:
    """`recorded_at` of a ledger record's Avro body, in microseconds since 1970, without decoding the rest."""
    _, at = decode_long(body, SEQUENCE_NO_AT)
    return decode_long(body, at)[0]


@lru_cache(maxsize=INTEGERS_CACHED_MAX)
def _long(number: int) -> bytes:
    """An integer that comes again."""
    return _new_long(number)


def _new_long(number: int) -> bytes:
    rest = (number << 1) ^ (number >> 63)
    if _THREE_BYTES_MIN <= rest < _FOUR_BYTES_MIN:  # most offsets
        return bytes((rest & 127 | 128, rest >> 7 & 127 | 128, rest >> 14))
    return encode_long(number)
