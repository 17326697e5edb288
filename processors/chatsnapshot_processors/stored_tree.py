"""The Merkle tree of a partition between roots: its buckets in pages of the cache, the levels above in memory."""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from struct import Struct
from typing import NamedTuple

from chatsnapshot_processors.head_snapshot import HeadSnapshot
from chatsnapshot_schemas.merkle import BUCKETS, BucketTree, leaf_hash, tree_hash

PAGE_BUCKETS = 256
LEAVES_AT_ONCE = 256
"""A bucket with more heads is computed in parts: somebody may choose run ids that fall into one."""
_BUCKET = Struct(">32sIQ")


class Bucket(NamedTuple):
    """One bucket of the tree."""

    hash: bytes
    heads: int
    records: int


@dataclass(frozen=True, slots=True)
class TreeTotals:
    """What a root says of the heads that it counts."""

    root: bytes
    correlations: int
    records: int


class StoredTree:
    """About 5 MB for each partition, whatever the number of runs. Used by one thread."""

    def __init__(self) -> None:
        self._upper = BucketTree()
        self._heads = array("I", bytes(4 * BUCKETS))
        self._records = array("Q", bytes(8 * BUCKETS))
        self._correlations_total = 0
        self._records_total = 0

    def totals(self) -> TreeTotals:
        """The tree as it is now."""
        return TreeTotals(self._upper.root, self._correlations_total, self._records_total)

    def load(self, pages: Iterable[tuple[int, bytes]]) -> Iterator[None]:
        """Take over what is stored, page by page: one step of the iterator is a few milliseconds."""
        for page, value in pages:
            buckets = map(Bucket._make, _BUCKET.iter_unpack(value))
            self.set(dict(enumerate(buckets, start=page * PAGE_BUCKETS)))
            yield

    def set(self, changed: dict[int, Bucket]) -> None:
        """Buckets in place of their last."""
        self._upper.set({number: bucket.hash for number, bucket in changed.items()})
        for number, bucket in changed.items():
            self._correlations_total += bucket.heads - self._heads[number]
            self._records_total += bucket.records - self._records[number]
            self._heads[number], self._records[number] = bucket.heads, bucket.records

    def page(self, number: int) -> bytes:
        """A page as it is stored."""
        numbers = range(number * PAGE_BUCKETS, (number + 1) * PAGE_BUCKETS)
        return b"".join(_BUCKET.pack(self._upper.bucket(at), self._heads[at], self._records[at]) for at in numbers)

    def bring_up_to(self, snapshot: HeadSnapshot) -> Iterator[None]:
        """Compute what was touched, some hundred hashes in a step of the iterator."""
        changed: dict[int, Bucket] = {}
        for number in snapshot.touched.numbers():
            if len(changed) >= PAGE_BUCKETS:
                self.set(changed)
                changed = {}
            yield from _computed(number, snapshot, changed)
            yield
        self.set(changed)


def _computed(number: int, snapshot: HeadSnapshot, changed: dict[int, Bucket]) -> Iterator[None]:
    leaves: list[bytes] = []
    records = 0
    for key, count, head in snapshot.heads(number):
        leaves.append(leaf_hash(key, count, head))
        records += count
        if len(leaves) % LEAVES_AT_ONCE == 0:
            yield
    changed[number] = Bucket(tree_hash(leaves), len(leaves), records)
