"""Ledger records in a file: their Kafka values and keys verbatim, each behind its offset and lengths.

frame    offset, 8 bytes big-endian || length of key, 4 || length of value, 4 || key || value
"""

from collections.abc import Iterator
from struct import Struct
from typing import BinaryIO, NamedTuple

from chatsnapshot_schemas.errors import CorruptLedger

_HEADER = Struct(">QII")
PART_BYTES_MAX = 64 * 1024 * 1024
"""No key or value is that long: a length beyond it is damage, not a reason to ask for memory."""


class RecordFrame(NamedTuple):
    """One record as Kafka had it."""

    offset: int
    key: bytes
    value: bytes

    def to_bytes(self) -> bytes:
        """As it stands in the file."""
        return _HEADER.pack(self.offset, len(self.key), len(self.value)) + self.key + self.value


def read_frames(file: BinaryIO) -> Iterator[RecordFrame]:
    """Every record of a file. Raises CorruptLedger at the first that is cut off or out of order."""
    last = -1
    while header := file.read(_HEADER.size):
        if len(header) < _HEADER.size:
            raise CorruptLedger(f"the file ends in the middle of the record after offset {last}")
        offset, key_bytes, value_bytes = _HEADER.unpack(header)
        if max(key_bytes, value_bytes) > PART_BYTES_MAX or offset <= last:
            raise CorruptLedger(f"what follows the record at offset {last} is no record")
        key, value = file.read(key_bytes), file.read(value_bytes)
        if len(key) + len(value) < key_bytes + value_bytes:
            raise CorruptLedger(f"the file ends in the middle of the record at offset {offset}")
        last = offset
        yield RecordFrame(offset, key, value)
