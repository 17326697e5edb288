"""Roots computed again from the records: what a root says must be what the records up to its offset leave."""

from collections.abc import Callable, Iterable, Iterator

from chatsnapshot.verification.findings import Finding, Kind
from chatsnapshot_schemas.avro_long import decode_long
from chatsnapshot_schemas.ledger_head import SEQUENCE_NO_AT
from chatsnapshot_schemas.merkle import HASH_BYTES, HeadTree
from chatsnapshot_schemas.roots import MerkleRoot

Found = Callable[[Finding], None]


class RootReplay:
    """Feed it a partition's records in order of offset, then call `finish`. Roots come in order of offset too.

    Memory: about 300 bytes for each run of the partition.
    """

    def __init__(self, partition: int, roots: Iterable[MerkleRoot], found: Found) -> None:
        self.tree = HeadTree()
        self.compared = 0
        """Roots that were compared."""
        self.first_different: int | None = None
        """Number of the first root that does not fit; those after it mostly do not either."""
        self.last_offset = -1
        self._partition = partition
        self._roots: Iterator[MerkleRoot] = iter(roots)
        self._next: MerkleRoot | None = next(self._roots, None)
        self._found = found
        self._cut = False

    def feed(self, offset: int, key: bytes, body: bytes) -> None:
        """One record: its message key and Avro body, which must be readable."""
        while self._next is not None and self._next.ledger_offset < offset:
            self._compare(self._next)
        self.tree.put(key, decode_long(body, SEQUENCE_NO_AT)[0], body[:HASH_BYTES])
        self.last_offset = offset

    def finish(self) -> None:
        """No record follows."""
        while self._next is not None:
            self._compare(self._next)

    def _compare(self, root: MerkleRoot) -> None:
        self._next = next(self._roots, None)
        self.compared += 1
        tree = self.tree
        if root.ledger_offset > self.last_offset:
            self._tail_is_cut(root)
        elif (root.root, root.correlations, root.records) != (tree.root().hex(), tree.heads, tree.records):
            self._differs(root, f"it counts {counts(root)}; there are {_plural(tree.records, tree.heads)}")

    def _tail_is_cut(self, root: MerkleRoot) -> None:
        self.first_different = self.first_different or root.number
        if not self._cut:
            self._cut = True
            self._found(
                Finding(
                    Kind.TAIL_CUT,
                    f"partition {self._partition} ends at offset {self.last_offset} with "
                    f"{_plural(self.tree.records, self.tree.heads)}; root {root.number} counts {counts(root)}, up to "
                    f"offset {root.ledger_offset}",
                )
            )

    def _differs(self, root: MerkleRoot, why: str) -> None:
        if self.first_different is None:
            self.first_different = root.number
            self._found(
                Finding(
                    Kind.ROOT_DIFFERS,
                    f"partition {self._partition}, root {root.number} (offset {root.ledger_offset}): {why}. A record "
                    "up to there was deleted, swapped or changed, or a chain was rewritten",
                )
            )


def counts(root: MerkleRoot) -> str:
    """What a root counts, for people."""
    return _plural(root.records, root.correlations)


def _plural(records: int, runs: int) -> str:
    return f"{records:,} record{'' if records == 1 else 's'} of {runs:,} run{'' if runs == 1 else 's'}"
