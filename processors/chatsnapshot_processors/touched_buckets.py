"""Which buckets of the Merkle tree got other heads since the tree was last stored."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Touched:
    """What one root has to compute again."""

    buckets: frozenset[bytes]
    """By their two bytes, from this process's own writes."""
    inherited: frozenset[int]
    """Pages of 256 buckets that an earlier process left: which of their buckets is not known."""
    pages: frozenset[int]
    """Pages that are marked on the disk for these."""

    def numbers(self) -> list[int]:
        """Every bucket to compute, ascending."""
        own = {int.from_bytes(each, "big") for each in self.buckets}
        return sorted(own.union(*(range(page << 8, (page + 1) << 8) for page in self.inherited)))


class TouchedBuckets:
    """At most 65,536 buckets, about 6 MB. A page's mark is written with the first head that touches it."""

    def __init__(self, marked: Iterable[int] = ()) -> None:
        self._inherited = set(marked)
        self._buckets: set[bytes] = set()
        self._pages: set[int] = set()

    def note(self, bucket: bytes) -> bool:
        """Take note of a bucket; whether its page is to be marked on the disk with it."""
        if bucket in self._buckets:
            return False
        self._buckets.add(bucket)
        if (page := bucket[0]) in self._pages:
            return False
        self._pages.add(page)
        return True

    def take(self) -> Touched:
        """What was touched until now; from here on it is noted anew."""
        pages = frozenset(self._pages | self._inherited)
        taken = Touched(frozenset(self._buckets), frozenset(self._inherited), pages)
        self._inherited, self._buckets, self._pages = set(), set(), set()
        return taken

    def settled(self, taken: Touched) -> frozenset[int]:
        """Pages whose mark can go once what was taken is stored: nothing was touched there since."""
        return taken.pages - self._pages
