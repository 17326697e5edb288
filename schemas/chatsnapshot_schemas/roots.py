"""The records of topic `chatsnapshot.roots`: signed statements of what a ledger partition holds up to an offset.

A record's value is one line of JSON in one form only: ASCII, the fields below in this order, no spaces. `signature` is
over `chatsnapshot-root\\n` and that line without `signature`; `previous` is the SHA-256 of the whole value before it.
So a value is its own evidence: a file of such lines, kept elsewhere, is an anchor.
"""

import json
from dataclasses import asdict, dataclass, fields, replace
from hashlib import sha256
from typing import Any, get_type_hints

from chatsnapshot_schemas.errors import CorruptLedger
from chatsnapshot_schemas.signing_key import PUBLIC_KEY_BYTES, SigningKey, is_signed

FORMAT = 1
HASH_BYTES = 32
SIGNATURE_BYTES = 64
ROOT_BYTES_MAX = 8 * 1024
"""A value has about 800 bytes: no longer line of a file is parsed as one."""
_DOMAIN = b"chatsnapshot-root\n"
"""What is signed for this purpose is good for no other."""
NO_PREVIOUS = "0" * 64
"""`previous` of a partition's first root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MerkleRoot:
    """One root. Hashes, key and signature are lower-case hexadecimal."""

    format: int = FORMAT
    number: int
    """Dense per partition, from 1."""
    previous: str
    """SHA-256 of the partition's root before it."""
    cluster_id: str
    ledger_topic: str
    ledger_topic_id: str
    """A topic that was deleted and made again has another one."""
    partition: int
    partitions: int
    ledger_offset: int
    """Of the last ledger record that counts; every record below it counts too."""
    correlations: int
    """Runs in the tree."""
    records: int
    """Records in the partition up to `ledger_offset`: the sum over the runs."""
    root: str
    """Of the tree that `chatsnapshot_schemas.merkle` describes."""
    recorded_at: int
    """The greatest append time of those records, microseconds since 1970, by the broker's clock."""
    made_at: int
    """When the root was made, microseconds since 1970, by the sequencer's clock."""
    public_key: str
    """Ed25519 key that signed it; empty: it is not signed."""
    signature: str = ""

    @property
    def value(self) -> bytes:
        """The record's value on the topic, and its line in an anchor file."""
        return _line(asdict(self))

    @property
    def digest(self) -> str:
        """What the next root names as its `previous`."""
        return sha256(self.value).hexdigest()

    @property
    def ledger(self) -> tuple[str, str, int]:
        """Cluster, ledger topic id and partition: what it is a root of."""
        return self.cluster_id, self.ledger_topic_id, self.partition

    def signed_by(self, key: SigningKey) -> "MerkleRoot":
        """The same, signed."""
        named = replace(self, public_key=key.public.hex(), signature="")
        return replace(named, signature=key.sign(named._signed_bytes()).hex())

    @property
    def is_signed(self) -> bool:
        """Whether it carries a signature, right or wrong."""
        return bool(self.public_key)

    def signature_holds(self) -> bool:
        """Whether the signature is the named key's. Raises MissingExtra."""
        if not self.is_signed:
            return False
        return is_signed(bytes.fromhex(self.public_key), bytes.fromhex(self.signature), self._signed_bytes())

    def _signed_bytes(self) -> bytes:
        plain = asdict(self)
        del plain["signature"]
        return _DOMAIN + _line(plain)


def decode_root(value: bytes) -> MerkleRoot:
    """A root from its value. Raises CorruptLedger unless it is exactly what `value` of a root gives."""
    if len(value) > ROOT_BYTES_MAX:
        raise CorruptLedger(f"no root: {len(value)} bytes")
    try:
        plain = json.loads(value)
        if not isinstance(plain, dict) or not _has_fields(plain):
            raise CorruptLedger("no root: its fields are not those of a root")
        if plain["format"] != FORMAT:
            raise CorruptLedger(f"a root of format {plain['format']}: this version reads format {FORMAT}")
        root = MerkleRoot(**plain)
        _check_hex(root)
    except (ValueError, RecursionError) as error:
        raise CorruptLedger(f"no root: {error}") from None
    if root.value != value:
        raise CorruptLedger("no root: not in the one form that a root is written in")
    return root


def _has_fields(plain: dict[str, Any]) -> bool:
    return plain.keys() == _TYPES.keys() and all(type(plain[name]) is kind for name, kind in _TYPES.items())


def _check_hex(root: MerkleRoot) -> None:
    signed = (PUBLIC_KEY_BYTES, SIGNATURE_BYTES) if root.public_key else (0, 0)
    sizes = zip(("previous", "root", "public_key", "signature"), (HASH_BYTES, HASH_BYTES, *signed), strict=True)
    for name, size in sizes:
        text = getattr(root, name)
        if len(bytes.fromhex(text)) != size or text != text.lower():
            raise ValueError(f"{name} is not {size} bytes in lower-case hexadecimal")


def _line(plain: dict[str, Any]) -> bytes:
    return json.dumps(plain, ensure_ascii=True, separators=(",", ":")).encode()


_TYPES = {each.name: get_type_hints(MerkleRoot)[each.name] for each in fields(MerkleRoot)}
