"""Records whose header names are not UTF-8.

Kafka's broker takes any bytes as a header's name; aiokafka decodes names strictly and raises in the middle of a fetch,
again at every attempt: one such record would hold up its partition for ever. Here the rest of its batch is read once
more by us, with the bytes that are not UTF-8 written as `\\xff`. Format: KIP-98, record batch with magic 2.
"""

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy, _DefaultRecordPy
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint

_LENGTH_AT, _LENGTH_END = 8, 12
"""A batch: base offset (8 bytes), length of what follows (4), the rest."""


def read_any_header_name() -> None:
    """From now on aiokafka's consumers in this process read such records. It offers no other place to say so."""
    fetcher.MemoryRecords = TolerantRecords


class TolerantRecords:
    """aiokafka's MemoryRecords, with batches that are read a second way when the first fails."""

    def __init__(self, fetched: bytes) -> None:
        self._fetched = memoryview(fetched)
        self._records: Any = MemoryRecords(fetched)
        self._at = 0

    def has_next(self) -> bool:
        """Whether a whole batch is left."""
        return bool(self._records.has_next())

    def size_in_bytes(self) -> int:
        """Of everything that was fetched."""
        return len(self._fetched)

    def next_batch(self) -> "TolerantBatch":
        """The next batch."""
        length = int.from_bytes(self._fetched[self._at + _LENGTH_AT : self._at + _LENGTH_END], "big")
        begin, self._at = self._at, self._at + _LENGTH_END + length
        return TolerantBatch(self._records.next_batch(), self._fetched[begin : self._at])


class TolerantBatch:
    """One batch; what it does not know itself is aiokafka's."""

    def __init__(self, batch: Any, raw: memoryview) -> None:
        self._batch = batch
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        done = 0
        try:
            for record in self._batch:
                yield record
                done += 1
        except UnicodeDecodeError:
            for number, record in enumerate(any_records(self._raw)):
                if number >= done:
                    yield record


def any_records(batch: memoryview) -> Iterator[Any]:
    """The records of a batch with magic 2, whatever their header names are. Its checksum was verified."""
    opened = _DefaultRecordBatchPy(batch)
    opened._maybe_uncompress()
    at = opened._pos
    for _ in range(opened._num_records):
        record, at = _record(opened, opened._buffer, at)
        yield record


def _record(batch: _DefaultRecordBatchPy, data: bytearray, at: int) -> tuple[Any, int]:
    """Length, attributes, time, offset, key, value, headers; and where the next record begins."""
    _, at = decode_varint(data, at)
    at += 1
    time_delta, at = decode_varint(data, at)
    offset_delta, at = decode_varint(data, at)
    key, at = _sized(data, at)
    value, at = _sized(data, at)
    count, at = decode_varint(data, at)
    headers = []
    for _ in range(count):
        name, at = _sized(data, at)
        content, at = _sized(data, at)
        headers.append(((name or b"").decode("utf-8", "backslashreplace"), content))
    appended = batch.timestamp_type == batch.LOG_APPEND_TIME
    timestamp = batch.max_timestamp if appended else batch.first_timestamp + time_delta
    offset = batch.base_offset + offset_delta
    return _DefaultRecordPy(offset, timestamp, batch.timestamp_type, key, value, headers), at


def _sized(data: bytearray, at: int) -> tuple[bytes | None, int]:
    size, at = decode_varint(data, at)
    return (None, at) if size < 0 else (bytes(data[at : at + size]), at + size)
