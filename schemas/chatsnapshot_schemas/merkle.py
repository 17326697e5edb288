"""A Merkle tree over the heads of one ledger partition: its root names the last record of every run at once.

Anyone can compute it from the ledger topic: heads are what its records, up to an offset, leave.

head     a run's key (UTF-8 `tenant_id/correlation_id`), its number of records, the hash of its last record
leaf     SHA-256(00 || number of records, 8 bytes big-endian || hash, 32 bytes || key)
node     SHA-256(01 || left || right)
bucket   heads whose SHA-256(key) begins with the same 2 bytes, sorted by key; its hash is the Merkle tree hash of
         RFC 6962 section 2.1 over their leaves: of none SHA-256(), of one the leaf, of more split at the greatest power
         of two below their number
root     the 65,536 buckets' hashes in order, paired by nodes over 16 levels

Leaves and nodes begin with another byte, as RFC 6962 asks, so that none can pass for the other. Buckets, because a
sorted tree would have to be computed anew whenever a run begins: here a changed head costs its bucket and 16 nodes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise

BUCKET_BYTES = 2
LEVELS = 8 * BUCKET_BYTES
BUCKETS = 1 << LEVELS
"""A million heads make 15 a bucket, which still costs less than the levels above; all nodes together take 4 MiB."""
HASH_BYTES = 32
EMPTY = sha256().digest()
_COUNT_BYTES = 8
_PAIR = 2 * HASH_BYTES


def bucket_bytes(key: bytes) -> bytes:
    """The number of a key's bucket, big-endian."""
    return sha256(key).digest()[:BUCKET_BYTES]


def bucket_of(key: bytes) -> int:
    """The number of a key's bucket."""
    return int.from_bytes(bucket_bytes(key), "big")


def leaf_hash(key: bytes, count: int, head: bytes) -> bytes:
    """The leaf of a run with `count` records, the last of which has the hash `head`."""
    return sha256(b"\0" + count.to_bytes(_COUNT_BYTES, "big") + head + key).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The node over two others."""
    return sha256(b"\1" + left + right).digest()


def tree_hash(leaves: Sequence[bytes]) -> bytes:
    """The Merkle tree hash of RFC 6962. Pairing level by level, an odd one moving up, splits as that says."""
    level = list(leaves)
    while len(level) > 1:
        odd = level[-1:] if len(level) % 2 else []
        level = [sha256(b"\1" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
        level += odd
    return level[0] if level else EMPTY


def audit_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """What has to be hashed with leaf `index` on the way up, RFC 6962 section 2.1.1; the lowest first."""
    path, level = [], list(leaves)
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            path.append(level[beside])
        odd = level[-1:] if len(level) % 2 else []
        level = [node_hash(*pair) for pair in zip(level[::2], level[1::2], strict=False)] + odd
        index >>= 1
    return path


def path_hash(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The tree hash that leaf `index` of `size` leads to by its path; None for a path that fits no such tree."""
    if not 0 <= index < size:
        return None
    steps, found = iter(path), leaf
    while size > 1:
        if index ^ 1 < size:
            beside = next(steps, None)
            if beside is None:
                return None
            found = node_hash(beside, found) if index % 2 else node_hash(found, beside)
        index, size = index >> 1, (size + 1) >> 1
    return found if next(steps, None) is None else None


class BucketTree:
    """The upper part: every bucket's hash and the nodes above, in 4 MiB. Begins with empty buckets."""

    def __init__(self) -> None:
        self._levels: list[bytearray] = []
        node, width = EMPTY, BUCKETS
        while width:
            self._levels.append(bytearray(node * width))
            node, width = node_hash(node, node), width // 2

    @property
    def root(self) -> bytes:
        """The root over what was set."""
        return bytes(self._levels[-1])

    def bucket(self, number: int) -> bytes:
        """A bucket's hash."""
        return _hash_at(self._levels[0], number)

    def set(self, changed: Mapping[int, bytes]) -> None:
        """New hashes by bucket number; only the nodes above them are computed."""
        lowest = self._levels[0]
        for number, value in changed.items():
            lowest[number * HASH_BYTES : (number + 1) * HASH_BYTES] = value
        touched: Iterable[int] = changed
        for below, level in pairwise(self._levels):
            touched = {number >> 1 for number in touched}
            for number in touched:
                pair = below[number * _PAIR : (number + 1) * _PAIR]
                level[number * HASH_BYTES : (number + 1) * HASH_BYTES] = sha256(b"\1" + pair).digest()

    def path(self, number: int) -> list[bytes]:
        """What stands beside a bucket on each level, the lowest first."""
        return [_hash_at(level, (number >> up) ^ 1) for up, level in enumerate(self._levels[:-1])]


def _hash_at(level: bytearray, number: int) -> bytes:
    return bytes(level[number * HASH_BYTES : (number + 1) * HASH_BYTES])


@dataclass(frozen=True, slots=True)
class HeadProof:
    """That a root counts a head: its place in its bucket, and what stands beside on the way up."""

    index: int
    size: int
    """Heads in the bucket."""
    path: tuple[bytes, ...]
    """From the leaf to the bucket's hash, then 16 to the root."""

    def root(self, key: bytes, count: int, head: bytes) -> bytes | None:
        """The root that this head leads to; None when the proof fits no tree."""
        inside, above = self.path[:-LEVELS], self.path[-LEVELS:]
        found = path_hash(leaf_hash(key, count, head), self.index, self.size, inside)
        if found is None or len(above) != LEVELS or any(len(each) != HASH_BYTES for each in self.path):
            return None
        number = bucket_of(key)
        for beside in above:
            found = node_hash(beside, found) if number % 2 else node_hash(found, beside)
            number >>= 1
        return found


class HeadTree:
    """The whole tree in memory, about 300 bytes a head: for those who compute roots again."""

    def __init__(self) -> None:
        self._buckets: dict[int, dict[bytes, tuple[int, bytes]]] = {}
        self._touched: set[int] = set()
        self._upper = BucketTree()
        self.heads = 0
        """Runs."""
        self.records = 0
        """Of all of them."""

    def put(self, key: bytes, count: int, head: bytes) -> None:
        """A run's head, new or in place of its last."""
        number = bucket_of(key)
        bucket = self._buckets.setdefault(number, {})
        before = bucket.get(key)
        if before is None:
            self.heads += 1
        else:
            self.records -= before[0]
        self.records += count
        bucket[key] = (count, head)
        self._touched.add(number)

    def head(self, key: bytes) -> tuple[int, bytes] | None:
        """Number of records and last hash of a run."""
        return self._buckets.get(bucket_of(key), {}).get(key)

    def root(self) -> bytes:
        """The root as it is now; costs what was touched since the last call."""
        self._upper.set({number: tree_hash(self._leaves(number)) for number in self._touched})
        self._touched.clear()
        return self._upper.root

    def prove(self, key: bytes) -> HeadProof:
        """Proof that the present root counts a head that is there. Raises KeyError."""
        self.root()
        number = bucket_of(key)
        keys = sorted(self._buckets[number])
        index = keys.index(key)
        inside = audit_path(index, self._leaves(number))
        return HeadProof(index, len(keys), (*inside, *self._upper.path(number)))

    def __iter__(self) -> Iterator[tuple[bytes, int, bytes]]:
        """Key, number of records and last hash of every run, in the tree's order."""
        for number in sorted(self._buckets):
            for key, (count, head) in sorted(self._buckets[number].items()):
                yield key, count, head

    def _leaves(self, number: int) -> list[bytes]:
        return [leaf_hash(key, *head) for key, head in sorted(self._buckets[number].items())]
