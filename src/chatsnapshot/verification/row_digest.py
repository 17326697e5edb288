"""A ledger record's fields as one text, and its digest: table `ledger` computes the same (sql/row_digest.sql).

The hash column alone proves a row only to those who have the record's bytes; this compares all other columns.
"""

from hashlib import sha256
from typing import Any

from chatsnapshot_schemas.rules import Plain

DIGEST_BYTES = 8


def row_digest(plain: Plain) -> int:
    """The first eight bytes of the text's SHA-256, little-endian."""
    return int.from_bytes(sha256(row_text(plain).encode()).digest()[:DIGEST_BYTES], "little")


def row_text(plain: Plain) -> str:
    """Every field but hash, tenant and correlation (they are compared beside it), with NUL between; null: `-`, else `=`
    and the value."""
    envelope = plain["envelope"]
    source, ref = envelope["source"], envelope["payload_ref"]
    headers = "".join([f"{name}={value}\1" for name, value in envelope["headers"].items()])
    stored = "-" if ref is None else f"={ref['uri']}\1{ref['sha256']}\1{ref['bytes']}"
    return (
        f"{plain['sequence_no']}\0{plain['prev_hash'].hex()}\0{plain['recorded_at']}\0{plain['input_epoch']}\0"
        f"{plain['input_partition']}\0{plain['input_offset']}\0{plain['gap_before']}\0{plain['late']:d}\0"
        f"{plain['cause']}\0{envelope['event_id']}\0{_said(envelope['causation_id'])}\0"
        f"{_said(envelope['causation_correlation_id'])}\0{','.join(envelope['caused_by'])}\0{envelope['event_type']}\0"
        f"{envelope['timestamp']}\0{source['origin']}\0{source['runtime']}\0{source['service']}\0"
        f"{_said(source['instance'])}\0{_said(source['agent'])}\0{_said(envelope['source_seq'])}\0"
        f"{_said(envelope['subject_id'])}\0{headers}\0{stored}\0{envelope['payload']}"
    )


def _said(value: Any) -> str:
    return "-" if value is None else f"={value}"
