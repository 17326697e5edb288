"""Ledger records become one Avro block: framing is cut off, bodies are joined, nothing is decoded.

One block per schema fingerprint. Not split by month: the engine cuts a block by partition itself, remembers the token
for each, and the pinned settings put no limit on how many months one insert may touch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from chatsnapshot_projections.avro_block import container, container_header
from chatsnapshot_projections.ledger_block_schema import LEDGER_BLOCK_SCHEMA
from chatsnapshot_projections.sink_batch import Insert, Record, Source
from chatsnapshot_projections.sink_offsets import Span
from chatsnapshot_schemas.avro_schema import ledger_schema
from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.framing import SINGLE_OBJECT, SINGLE_OBJECT_BYTES, Framing

TABLE = "ledger"
STATEMENT = f"INSERT INTO {TABLE} FORMAT Avro\n".encode()


@cache
def block_headers() -> Mapping[bytes, bytes]:
    """Container header by fingerprint, for every ledger schema that this version can store."""
    return {ledger_schema().fingerprint: container_header(LEDGER_BLOCK_SCHEMA)}


@dataclass(slots=True)
class _Block:
    """The bodies of one schema, one behind the other."""

    fingerprint: bytes
    bodies: bytearray = field(default_factory=bytearray)
    records: int = 0


class LedgerBatch:
    """An open batch of ledger records (see `sink_batch.OpenBatch`).

    A registry that does not answer raises RegistryUnavailable from `take`: that says nothing about the record.
    """

    def __init__(self, source: Source, framing: Framing, records_max: int, size_max: int) -> None:
        self.records = 0
        self.size = 0
        self.first = -1
        self.last = -1
        self.unreadable: str | None = None
        self._source = source
        self._framing = framing
        self._records_max = records_max
        self._size_max = size_max
        self._blocks = {SINGLE_OBJECT + fingerprint: _Block(fingerprint) for fingerprint in block_headers()}

    @property
    def is_full(self) -> bool:
        """Whether it holds as many records or bytes as it may."""
        return self.records >= self._records_max or self.size >= self._size_max

    def take(self, records: Sequence[Record], start: int, *, unbounded: bool = False) -> int:
        """Take from index `start` on until full or unreadable; returns the index of the first that was not taken."""
        room = len(records) if unbounded else self._records_max - self.records
        size_max = float("inf") if unbounded else self._size_max
        blocks, size = self._blocks, self.size
        at, end = start, min(len(records), start + room)
        while at < end and size < size_max:
            value = records[at].value() or b""
            block = blocks.get(value[:SINGLE_OBJECT_BYTES])
            if block is not None:
                body = value[SINGLE_OBJECT_BYTES:]
            else:
                try:
                    block, body = self._look_up(value)
                except InvalidEvent as error:
                    self.unreadable = f"{self._source} offset {records[at].offset()}: {error}"
                    break
            block.bodies += body
            block.records += 1
            size += len(body)
            at += 1
        self._advance(records, start, at, size)
        return at

    def span(self) -> Span:
        """What it covers; not to be asked of an empty one."""
        return Span(self._source.partition, self.first, self.last)

    def inserts(self, companions: Sequence["LedgerBatch"] = ()) -> tuple[Insert, ...]:
        """One insert per fingerprint, the partitions' records in the order of their numbers."""
        parts = sorted((self, *companions), key=LedgerBatch.span)
        ranges = ",".join(f"{span.partition}:{span.first}-{span.last}" for span in map(LedgerBatch.span, parts))
        where = f"{TABLE}:{self._source.topic_id}:{ranges}"
        return tuple(
            insert for prefix in self._blocks if (insert := _insert([part._blocks[prefix] for part in parts], where))
        )

    def _advance(self, records: Sequence[Record], start: int, end: int, size: int) -> None:
        if end > start:
            if self.first < 0:
                self.first = records[start].offset()
            self.last = records[end - 1].offset()
        self.records += end - start
        self.size = size

    def _look_up(self, value: bytes) -> tuple[_Block, bytes]:
        frame = self._framing.take_apart(value)
        block = self._blocks.get(SINGLE_OBJECT + frame.fingerprint)
        if block is None:
            raise InvalidEvent("schema", f"{frame.fingerprint.hex()} is not a ledger schema of this version")
        return block, frame.body


def _insert(blocks: Sequence[_Block], where: str) -> Insert | None:
    """The records of one schema; None when there are none."""
    fingerprint, records = blocks[0].fingerprint, sum(block.records for block in blocks)
    if records == 0:
        return None
    bodies = blocks[0].bodies if len(blocks) == 1 else b"".join(block.bodies for block in blocks)
    body = container(STATEMENT, block_headers()[fingerprint], records, bodies)
    return Insert(table=TABLE, token=f"{where}:{fingerprint.hex()}", body=body, rows=records)
