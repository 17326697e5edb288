"""How many rows a Parquet file says it has, from its footer: proof that the file is whole, without a Parquet library.

The footer is a Thrift structure in compact protocol: version (1), schema (2), num_rows (3, i64), ...; see the Parquet
format's `parquet.thrift`. Behind it stand its length (4 bytes, little-endian) and `PAR1`.
"""

from typing import BinaryIO

MAGIC = b"PAR1"
_TAIL_BYTES = 8
_NUM_ROWS = 3
_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 0, 1, 2, 3, 7, 8, 9, 10, 11, 12
_DEPTH_MAX = 64


class NotParquet(ValueError):
    """The file is not a whole Parquet file."""


def parquet_rows(file: BinaryIO) -> int:
    """The number of rows. Raises NotParquet."""
    size = file.seek(0, 2)
    if size < len(MAGIC) + _TAIL_BYTES:
        raise NotParquet(f"{size} bytes")
    file.seek(0)
    begins = file.read(len(MAGIC)) == MAGIC
    file.seek(size - _TAIL_BYTES)
    tail = file.read(_TAIL_BYTES)
    length = int.from_bytes(tail[:4], "little")
    if not begins or tail[4:] != MAGIC or length > size - len(MAGIC) - _TAIL_BYTES:
        raise NotParquet("no footer")
    file.seek(size - _TAIL_BYTES - length)
    try:
        return _Compact(file.read(length)).number_of(_NUM_ROWS)
    except IndexError:
        raise NotParquet("the footer is cut off") from None


class _Compact:
    """Thrift's compact protocol, as far as it takes to step over fields."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number_of(self, wanted: int) -> int:
        """The integer in field `wanted` of the outermost structure."""
        field = 0
        while (head := self._byte()) != _STOP:
            field = field + (head >> 4) if head >> 4 else self._zigzag()
            if field == wanted:
                return self._zigzag()
            self._skip(head & 15, _DEPTH_MAX)
        raise NotParquet("the footer does not say how many rows there are")

    def _skip(self, kind: int, depth: int) -> None:
        if not depth:
            raise NotParquet("the footer is nested too deeply")
        if kind == _BYTE:
            self._at += 1
        elif kind == _DOUBLE:
            self._at += 8
        elif kind == _BINARY:
            size = self._varint()
            self._at += size
        elif kind in (_LIST, _SET):
            head = self._byte()
            for _ in range(head >> 4 if head >> 4 < 15 else self._varint()):
                self._skip_element(head & 15, depth)
        elif kind == _MAP:
            self._skip_map(depth)
        elif kind == _STRUCT:
            self._skip_struct(depth)
        elif kind not in (_TRUE, _FALSE):
            self._varint()

    def _skip_element(self, kind: int, depth: int) -> None:
        if kind in (_TRUE, _FALSE):  # in a list, unlike in a field, a boolean takes a byte
            self._at += 1
        else:
            self._skip(kind, depth - 1)

    def _skip_map(self, depth: int) -> None:
        size = self._varint()
        kinds = self._byte() if size else 0
        for _ in range(size):
            self._skip_element(kinds >> 4, depth)
            self._skip_element(kinds & 15, depth)

    def _skip_struct(self, depth: int) -> None:
        while (head := self._byte()) != _STOP:
            if not head >> 4:
                self._zigzag()
            self._skip(head & 15, depth - 1)

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _varint(self) -> int:
        number = shift = 0
        while (byte := self._byte()) > 127:
            number |= (byte & 127) << shift
            shift += 7
        return number | byte << shift

    def _zigzag(self) -> int:
        number = self._varint()
        return (number >> 1) ^ -(number & 1)
