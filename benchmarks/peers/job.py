"""The sequencing job without holds, gaps and limits: decode, dedupe, check the cause, number, chain, encode.

What the peers share, so that they differ only in how they move records and keep state. Decoding is fastavro's, in C,
and lenient; our own sequencer also checks every rule of the envelope, its canonical encoding and its source numbers.
"""

from io import BytesIO
from typing import Any

from fastavro import schemaless_reader

from chatsnapshot_schemas.avro_schema import envelope_schema, ledger_schema
from chatsnapshot_schemas.chain import genesis_hash, record_hash
from chatsnapshot_schemas.ledger_head import write_head

FRAMING_BYTES = 10
PREFIX = b"\xc3\x01" + ledger_schema().fingerprint
HASH_BYTES = 32
_SCHEMA = envelope_schema().parsed


def decode(value: bytes) -> tuple[dict[str, Any], bytes]:
    """An envelope's fields, and its bytes without framing."""
    body = value[FRAMING_BYTES:]
    return schemaless_reader(BytesIO(body), _SCHEMA, None), body


def first_head(envelope: dict[str, Any]) -> tuple[int, bytes]:
    """Number and hash before the first record of a run."""
    return 0, genesis_hash(envelope["tenant_id"], envelope["correlation_id"])


def record(
    envelope: dict[str, Any], body: bytes, head: tuple[int, bytes], cause_known: bool, place: tuple[int, int, int]
) -> tuple[bytes, bytes]:
    """(hash, message value) of the record after `head`; `place`: partition, offset, append time in milliseconds."""
    number, previous = head
    partition, offset, appended_ms = place
    cause = envelope["causation_id"]
    rest = (
        write_head(
            {
                "prev_hash": previous,
                "sequence_no": number + 1,
                "recorded_at": appended_ms * 1_000,
                "input_epoch": 1,
                "input_partition": partition,
                "input_offset": offset,
                "gap_before": 0,
                "late": False,
                "cause": "root" if cause is None else "linked" if cause_known else "unresolved",
            }
        )
        + body
    )
    digest = record_hash(rest)
    return digest, PREFIX + digest + rest
