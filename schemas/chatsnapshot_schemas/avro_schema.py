"""The two Avro schemas, loaded from their `.avsc` files, with their fingerprints."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import fastavro
from fastavro.schema import fingerprint, to_parsing_canonical_form

JsonSchema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class AvroSchema:
    """One schema: its JSON text, its parsed form without logical types, and its CRC-64-AVRO fingerprint.

    Logical types are stripped for coding: ids stay the strings that were sent, timestamps stay microseconds.
    """

    name: str
    text: str
    parsed: Any
    fingerprint: bytes
    """8 bytes, little-endian, as Avro's single-object encoding carries them."""


@cache
def envelope_schema() -> AvroSchema:
    """What producers write."""
    return _load("EventEnvelope", _read("event_envelope.avsc"))


@cache
def ledger_schema() -> AvroSchema:
    """What the sequencer writes: the record's own fields, then the envelope."""
    record = _read("ledger_record.avsc")
    record["fields"][-1]["type"] = _read("event_envelope.avsc")
    return _load("LedgerRecord", record)


@cache
def held_schema() -> AvroSchema:
    """What the state topic keeps of an event that waits; no reader outside knows it."""
    return _load("HeldEvent", _read("held_event.avsc"))


@cache
def ledger_head_schema() -> Any:
    """The ledger record's fields before the envelope, parsed for coding."""
    record = _read("ledger_record.avsc")
    record["fields"] = record["fields"][:-1]
    return fastavro.parse_schema(_without_logical_types(record))


def fingerprint_of(schema: Any) -> bytes:
    """The CRC-64-AVRO fingerprint of a schema as a JSON value, 8 bytes little-endian; documentation does not count."""
    # fastavro gives the bytes in little-endian order already
    return bytes.fromhex(fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO"))


def _read(file: str) -> JsonSchema:
    schema: JsonSchema = json.loads(files(__package__).joinpath(file).read_text("utf-8"))
    return schema


def _load(name: str, schema: JsonSchema) -> AvroSchema:
    return AvroSchema(
        name=name,
        text=json.dumps(schema),
        parsed=fastavro.parse_schema(_without_logical_types(schema)),
        fingerprint=fingerprint_of(schema),
    )


def _without_logical_types(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {key: _without_logical_types(value) for key, value in schema.items() if key != "logicalType"}
    if isinstance(schema, list):
        return [_without_logical_types(item) for item in schema]
    return schema
