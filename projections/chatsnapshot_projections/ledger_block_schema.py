"""The flat Avro schema under which ledger records go into ClickHouse.

Avro writes the fields of a nested record one behind the other, so a record's bytes mean the same under a schema that
lists `envelope` and `source` field by field. ClickHouse maps fields to columns by name, and this schema has the names
and the order of table `ledger`: hash ... cause, event_id ... event_type, timestamp, source_origin ... source_agent,
source_seq ... payload_ref.
"""

import json
from collections.abc import Iterator
from typing import Any

from chatsnapshot_schemas.avro_schema import ledger_schema

Field = dict[str, Any]


def flat_fields(record: dict[str, Any], prefix: str = "") -> Iterator[Field]:
    """The fields of a record schema with records of its own in it spread out.

    The envelope's fields keep their names, fields of any other record get its name in front (`source_origin`).
    A record that may be null stays one field: a union is not a concatenation.
    """
    for field in record["fields"]:
        kind = field["type"]
        if isinstance(kind, dict) and kind["type"] == "record":
            yield from flat_fields(kind, "" if field["name"] == "envelope" else f"{prefix}{field['name']}_")
        else:
            yield {"name": f"{prefix}{field['name']}", "type": kind}


LEDGER_BLOCK_FIELDS: tuple[Field, ...] = tuple(flat_fields(json.loads(ledger_schema().text)))
"""Name and Avro type of every column of `ledger` that is stored, in order."""

LEDGER_BLOCK_SCHEMA: str = json.dumps(
    {"type": "record", "name": "LedgerRow", "namespace": "chatsnapshot", "fields": list(LEDGER_BLOCK_FIELDS)}
)
"""The schema as JSON text, for the header of an Avro object container."""
