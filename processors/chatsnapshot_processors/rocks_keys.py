"""Keys and values of the ledger cache, as bytes. Correlations hold no control characters, so NUL ends one.

m                                     the mark: how far the ledger is applied (JSON)
h <bucket 2> <correlation>            head: hash 32, sequence_no 8; the bucket is that of the Merkle tree
k <correlation> NUL <event id 16>     known event: epoch 4, offset 8, digest 16
n <correlation> NUL <instance>        numbers: next 8, then 16 for each gap
t <page 1>                            256 buckets of the stored tree: hash 32, heads 4, records 8 each
d <page 1>                            mark: heads of these buckets changed since the tree was stored
"""

import json
import struct
from binascii import unhexlify
from dataclasses import asdict, dataclass
from typing import Self

from chatsnapshot_processors.core.recorded_state import Head, KnownEvent, SourceNumbers
from chatsnapshot_schemas.merkle import BUCKET_BYTES, bucket_bytes

LAYOUT = 2
"""Raised whenever keys or values change: an older cache is then discarded and rebuilt."""
MARK_KEY = b"m"
PAGE, TOUCHED = b"t", b"d"

_HEAD = struct.Struct(">32sQ")
_KNOWN = struct.Struct(">IQ16s")
pack_known = _KNOWN.pack
"""Epoch, offset and digest of a known event as its value."""
_NUMBER = struct.Struct(">Q")
_GAP = struct.Struct(">QQ")


@dataclass(frozen=True, slots=True)
class CacheOwner:
    """Which ledger partition a cache belongs to; another owner's cache is discarded."""

    cluster_id: str
    ledger_topic_id: str
    partition: int
    layout: int = LAYOUT


@dataclass(frozen=True, slots=True)
class LedgerMark:
    """The last applied ledger record, and the greatest input position and append time among all applied."""

    ledger_offset: int
    hash: bytes
    input_epoch: int
    input_offset: int
    recorded_at: int


@dataclass(frozen=True, slots=True)
class StoredMark:
    """What stands under MARK_KEY."""

    owner: CacheOwner
    mark: LedgerMark

    def to_json(self) -> bytes:
        """Value of MARK_KEY."""
        mark = {**asdict(self.mark), "hash": self.mark.hash.hex()}
        return json.dumps({"owner": asdict(self.owner), "mark": mark}).encode()

    @classmethod
    def from_json(cls, value: bytes) -> Self:
        """From the value of MARK_KEY. Raises ValueError, KeyError or TypeError on anything else."""
        plain = json.loads(value)
        mark = {**plain["mark"], "hash": bytes.fromhex(plain["mark"]["hash"])}
        return cls(CacheOwner(**plain["owner"]), LedgerMark(**mark))


def head_key(correlation: bytes) -> bytes:
    """Key of a correlation's head."""
    return b"h" + bucket_bytes(correlation) + correlation


def bucket_in(head_key: bytes) -> bytes:
    """The bucket that a head's key names."""
    return head_key[1 : 1 + BUCKET_BYTES]


def bucket_key(bucket: int) -> bytes:
    """What the keys of a bucket's heads begin with."""
    return b"h" + bucket.to_bytes(BUCKET_BYTES, "big")


def page_key(page: int) -> bytes:
    """Key of a page of the stored tree."""
    return PAGE + bytes([page])


def touched_key(page: int) -> bytes:
    """Key of the mark that a page's buckets changed."""
    return TOUCHED + bytes([page])


def known_key(correlation: bytes, event_id: str) -> bytes:
    """Key of a known event; the id is a canonical UUID, so its 16 bytes say the same."""
    return b"k" + correlation + b"\0" + bytes.fromhex(event_id.replace("-", ""))


def known_id_key(correlation: bytes, event_id: bytes) -> bytes:
    """The same for the id's 36 characters in ASCII."""
    return b"k%b\0%b" % (correlation, unhexlify(event_id.replace(b"-", b"")))


def numbers_key(correlation: bytes, instance: str) -> bytes:
    """Key of an instance's numbers."""
    return b"n" + correlation + b"\0" + instance.encode()


def encode_head(head: Head) -> bytes:
    """Value of a head."""
    return _HEAD.pack(head.hash, head.sequence_no)


def decode_head(value: bytes) -> Head:
    """A head."""
    digest, sequence_no = _HEAD.unpack(value)
    return Head(sequence_no, digest)


def encode_known(known: KnownEvent) -> bytes:
    """Value of a known event."""
    return _KNOWN.pack(known.epoch, known.offset, known.digest)


def decode_known(value: bytes) -> KnownEvent:
    """A known event."""
    return KnownEvent(*_KNOWN.unpack(value))


def encode_numbers(numbers: SourceNumbers) -> bytes:
    """Value of an instance's numbers."""
    following = _NUMBER.pack(numbers.next)
    return following + b"".join(_GAP.pack(*gap) for gap in numbers.gaps) if numbers.gaps else following


def decode_numbers(value: bytes) -> SourceNumbers:
    """An instance's numbers."""
    (following,) = _NUMBER.unpack_from(value)
    return SourceNumbers(following, tuple(_GAP.iter_unpack(value[_NUMBER.size :])))
