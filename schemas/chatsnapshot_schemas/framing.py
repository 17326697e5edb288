"""What stands before an Avro body on the wire.

Avro single-object encoding: C3 01, the schema's CRC-64-AVRO fingerprint (8 bytes little-endian), body.
Confluent framing: 00, schema id (4 bytes big-endian), body; needs a registry. Readers take both.
"""

from dataclasses import dataclass
from typing import Protocol

from chatsnapshot_schemas.avro_schema import AvroSchema, envelope_schema, ledger_schema
from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.reasons import Reason

SINGLE_OBJECT = b"\xc3\x01"
SINGLE_OBJECT_BYTES = 10
CONFLUENT = b"\x00"
CONFLUENT_BYTES = 5
_ENVELOPE_PREFIX = SINGLE_OBJECT + envelope_schema().fingerprint
_LEDGER_PREFIX = SINGLE_OBJECT + ledger_schema().fingerprint


class SchemaIds(Protocol):
    """A registry: schema <-> numeric id. May raise RegistryUnavailable; never guesses."""

    def id_of(self, subject: str, schema: AvroSchema) -> int:
        """Register the schema under the subject (idempotent) and return its id. Raises SchemaRefused."""
        ...

    def fingerprint_of(self, schema_id: int) -> bytes | None:
        """The fingerprint of a registered schema; None when the registry knows no such id."""
        ...


@dataclass(frozen=True, slots=True)
class Frame:
    """A value taken apart."""

    fingerprint: bytes
    body: bytes


class Framing:
    """Writes one framing, reads both."""

    def __init__(self, registry: SchemaIds | None = None) -> None:
        self._registry = registry
        self._fingerprints: dict[int, bytes] = {}

    def prefix(self, topic: str, schema: AvroSchema) -> bytes:
        """What to put before a body on `topic` (registry subject `<topic>-value`)."""
        if self._registry is None:
            return SINGLE_OBJECT + schema.fingerprint
        return CONFLUENT + self._registry.id_of(f"{topic}-value", schema).to_bytes(4, "big")

    def take_apart(self, value: bytes | None) -> Frame:
        """Split a message's value. Raises InvalidEvent(undecodable, unknown_schema), RegistryUnavailable."""
        if not value:
            raise InvalidEvent("value", "empty", Reason.UNDECODABLE)
        if value[:2] == SINGLE_OBJECT and len(value) >= SINGLE_OBJECT_BYTES:
            return Frame(value[2:SINGLE_OBJECT_BYTES], value[SINGLE_OBJECT_BYTES:])
        if value[:1] == CONFLUENT and len(value) >= CONFLUENT_BYTES:
            return Frame(self._fingerprint(int.from_bytes(value[1:CONFLUENT_BYTES], "big")), value[CONFLUENT_BYTES:])
        raise InvalidEvent("value", "neither single-object nor Confluent framing", Reason.UNDECODABLE)

    def envelope_body(self, value: bytes | None) -> bytes:
        """The Avro body of an envelope. Raises as `take_apart`."""
        if value and value.startswith(_ENVELOPE_PREFIX):
            return value[SINGLE_OBJECT_BYTES:]
        return self._body(value, envelope_schema())

    def ledger_body(self, value: bytes | None) -> bytes:
        """The Avro body of a ledger record. Raises as `take_apart`."""
        if value and value.startswith(_LEDGER_PREFIX):
            return value[SINGLE_OBJECT_BYTES:]
        return self._body(value, ledger_schema())

    def _body(self, value: bytes | None, schema: AvroSchema) -> bytes:
        frame = self.take_apart(value)
        if frame.fingerprint != schema.fingerprint:
            raise InvalidEvent("value", f"schema {frame.fingerprint.hex()} is not {schema.name}", Reason.UNKNOWN_SCHEMA)
        return frame.body

    def _fingerprint(self, schema_id: int) -> bytes:
        known = self._fingerprints.get(schema_id)
        if known is not None:
            return known
        if self._registry is None:
            raise InvalidEvent("value", f"schema id {schema_id}, but no registry is set", Reason.UNKNOWN_SCHEMA)
        found = self._registry.fingerprint_of(schema_id)
        if found is None:
            raise InvalidEvent("value", f"the registry knows no schema id {schema_id}", Reason.UNKNOWN_SCHEMA)
        self._fingerprints[schema_id] = found
        return found
