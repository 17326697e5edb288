"""The hash chain of a correlation (DESIGN section 4).

hash      = SHA-256(fingerprint of the ledger schema, 8 bytes little-endian || every byte of the record after `hash`)
prev_hash = hash of the record before; of the first record: SHA-256("chatsnapshot/1\\0" tenant "\\0" correlation)
"""

from hashlib import sha256

from chatsnapshot_schemas.avro_schema import ledger_schema

HASH_BYTES = 32
_FINGERPRINT = ledger_schema().fingerprint


def genesis_hash(tenant_id: str, correlation_id: str) -> bytes:
    """`prev_hash` of a correlation's first record."""
    return sha256(f"chatsnapshot/1\0{tenant_id}\0{correlation_id}".encode()).digest()


def record_hash(after_hash: bytes, fingerprint: bytes = _FINGERPRINT) -> bytes:
    """The hash of a record from the bytes that follow its `hash` field."""
    return sha256(fingerprint + after_hash).digest()


def is_intact(body: bytes, fingerprint: bytes = _FINGERPRINT) -> bool:
    """Whether a ledger record's own hash fits its bytes."""
    return body[:HASH_BYTES] == record_hash(body[HASH_BYTES:], fingerprint)
