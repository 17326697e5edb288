"""Topics `state` and `quarantine` as rows of the tables `held_versions` and `quarantine_versions`.

At least once: a row replaces the one with its key and a lower version, and the version is the record's offset in its
topic, so repeating does no harm. These are small tables; their records are decoded here, row by row.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from io import BytesIO
from typing import Any, Protocol

import fastavro

from chatsnapshot_projections.avro_block import container, container_header
from chatsnapshot_projections.sink_batch import Insert, Record, Source
from chatsnapshot_projections.sink_offsets import Span
from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.quarantine_entries import (
    SolvedMark,
    identity_of,
    input_place,
    is_solved_mark,
    quarantined_input,
    solved_mark,
)
from chatsnapshot_schemas.state_entries import HELD, decode_held, held_position

ROWS_MAX = 5_000
SIZE_MAX = 8 * 1024 * 1024
"""A batch of upserts stays far below one of the ledger: it is decoded in the consumer's thread."""

Row = dict[str, Any]
Position = tuple[int, int, int]
"""Epoch, partition and offset of the input record: the key of both tables."""

_KEY = {"input_epoch": "int", "input_partition": "int", "input_offset": "long"}
_MICROS = {"type": "long", "logicalType": "timestamp-micros"}
_VERSION = {"version": "long", "deleted": "int"}
_NO_ROW: Row = {"version": -1}
SOLVED_VERSION = 1 << 62
"""Added to a mark's version: it goes before every refusal of its input, also one that was written later."""


class UpsertRows(Protocol):
    """How the records of one topic become rows of one table."""

    table: str
    columns: Mapping[str, Any]
    """Avro type of each column."""

    def row(self, record: Record) -> tuple[Position, Row] | None:
        """The row of a record and its key; None when the record is none of the table's. Raises InvalidEvent."""
        ...


class HeldRows:
    """Events that wait for a cause or a predecessor; a tombstone in the state topic ends that."""

    table = "held_versions"
    columns: Mapping[str, Any] = {
        **_KEY,
        **dict.fromkeys(("tenant_id", "correlation_id", "event_id", "event_type", "waiting_for"), "string"),
        "appended_at": _MICROS,
        "deadline": _MICROS,
        **_VERSION,
    }

    def row(self, record: Record) -> tuple[Position, Row] | None:
        """A held event or its end; other entries of the state topic are nobody's business here."""
        key, value = record.key(), record.value()
        if key is None or not key.startswith(HELD.encode()):
            return None
        try:
            epoch, offset = held_position(key)
            held = None if value is None else decode_held(value)
        except Exception as error:  # a decoder of bytes may raise anything
            raise InvalidEvent("held", f"{type(error).__name__}: {error}") from None
        position = (epoch, record.partition(), offset)
        described = {} if held is None else {name: getattr(held, name) for name in self.columns if name not in _VERSION}
        return position, _row(record, position, described, is_deleted=held is None)


class QuarantineRows:
    """What could not be recorded, with its original bytes; a mark takes the bytes away and says who solved it.

    A mark counts wherever in its partition it lies: a refused input that is written once more (by a sequencer that was
    set back) does not open it again.
    """

    table = "quarantine_versions"
    columns: Mapping[str, Any] = {
        **_KEY,
        **dict.fromkeys(("tenant_id", "correlation_id", "event_id", "event_type", "source_instance"), "string"),
        "source_seq": "long",
        "reason": "string",
        "detail": "string",
        "first_seen": _MICROS,
        "message_key": "bytes",
        "original": "bytes",
        "quarantine_offset": "long",
        "solution": "string",
        "solved_at": _MICROS,
        **dict.fromkeys(("solved_by", "because", "edited", "sent_event_id"), "string"),
        "sent_partition": "int",
        "sent_offset": "long",
        "fact_event_id": "string",
        **_VERSION,
    }

    def __init__(self, framing: Framing) -> None:
        self._framing = framing

    def row(self, record: Record) -> tuple[Position, Row] | None:
        """A quarantined input, or its solution."""
        pairs, key, value = record.headers() or (), record.key(), record.value()
        if is_solved_mark(pairs):
            return self._solved(record)
        found = quarantined_input(pairs, key, value, record.offset())
        described = {
            **asdict(identity_of(self._framing, key, value, found.reason)),
            "reason": found.reason,
            "detail": found.detail,
            "first_seen": found.first_seen,
            "message_key": key or b"",
            "original": value or b"",
            "quarantine_offset": found.quarantine_offset,
        }
        return found.place, _row(record, found.place, described, is_deleted=False)

    def _solved(self, record: Record) -> tuple[Position, Row]:
        pairs = record.headers() or ()
        place, mark = input_place(pairs), solved_mark(pairs, record.value())
        described = {"message_key": record.key() or b""} if mark is None else _mark_columns(record, mark)
        row = _row(record, place, described, is_deleted=mark is None)
        return place, row | {"version": record.offset() + SOLVED_VERSION}


class UpsertBatch:
    """An open batch of rows (see `sink_batch.OpenBatch`): per key only the last one is written."""

    def __init__(self, source: Source, rows: UpsertRows) -> None:
        self.records = 0
        self.size = 0
        self.first = -1
        self.last = -1
        self.unreadable: str | None = None
        self._source = source
        self._rows_of = rows
        self._rows: dict[Position, Row] = {}

    @property
    def is_full(self) -> bool:
        """Whether it holds as many rows or bytes as it may."""
        return len(self._rows) >= ROWS_MAX or self.size >= SIZE_MAX

    def take(self, records: Sequence[Record], start: int, *, unbounded: bool = False) -> int:
        """Take from index `start` on until full or unreadable; returns the index of the first that was not taken."""
        at = start
        while at < len(records) and (unbounded or not self.is_full):
            record = records[at]
            try:
                found = self._rows_of.row(record)
            except InvalidEvent as error:
                self.unreadable = f"{self._source} offset {record.offset()}: {error}"
                break
            if found is not None and found[1]["version"] >= self._rows.get(found[0], _NO_ROW)["version"]:
                self._rows[found[0]] = found[1]
                self.size += len(record.value() or b"")
            self.first = record.offset() if self.first < 0 else self.first
            self.last = record.offset()
            self.records += 1
            at += 1
        return at

    def span(self) -> Span:
        """What it covers; not to be asked of an empty one."""
        return Span(self._source.partition, self.first, self.last)

    def inserts(self, companions: Sequence["UpsertBatch"] = ()) -> tuple[Insert, ...]:
        """One insert, or none when no record was of this table. Companions are not for these small tables."""
        assert not companions
        if not self._rows:
            return ()
        table, columns = self._rows_of.table, self._rows_of.columns
        fields = [{"name": name, "type": kind} for name, kind in columns.items()]
        schema = {"type": "record", "name": "UpsertRow", "namespace": "chatsnapshot", "fields": fields}
        bodies = BytesIO()
        parsed = fastavro.parse_schema(schema)
        empty = {name: _empty(kind) for name, kind in columns.items()}
        for row in self._rows.values():
            fastavro.schemaless_writer(bodies, parsed, empty | row)
        statement = f"INSERT INTO {table} FORMAT Avro\n".encode()
        body = container(statement, container_header(json.dumps(schema)), len(self._rows), bodies.getvalue())
        where = f"{table}:{self._source.topic_id}:{self._source.partition}:{self.first}-{self.last}"
        return (Insert(table=table, token=where, body=body, rows=len(self._rows)),)


def _mark_columns(record: Record, mark: SolvedMark) -> Row:
    return {
        **asdict(mark.identity),
        "reason": mark.reason,
        "detail": mark.detail,
        "first_seen": mark.first_seen,
        "message_key": record.key() or b"",
        "quarantine_offset": mark.quarantine_offset,
        "solution": str(mark.solution),
        "solved_at": mark.at,
        "solved_by": mark.by,
        "because": mark.because,
        "edited": ", ".join(mark.edited),
        "sent_event_id": mark.sent_event_id,
        "sent_partition": mark.sent_partition,
        "sent_offset": mark.sent_offset,
        "fact_event_id": mark.fact_event_id,
    }


def _row(record: Record, position: Position, described: Row, *, is_deleted: bool) -> Row:
    key = dict(zip(_KEY, position, strict=True))
    return {**described, **key, "version": record.offset(), "deleted": int(is_deleted)}


def _empty(kind: Any) -> Any:
    """What stands in a column that a record says nothing about."""
    return {"string": "", "bytes": b""}.get(kind, 0) if isinstance(kind, str) else 0
