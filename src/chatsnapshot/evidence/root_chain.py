"""The roots of one partition in turn: numbers, links, offsets, signatures, and what an anchor says of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from chatsnapshot.evidence.anchor_file import AnchoredRoots, Ledger
from chatsnapshot.evidence.root_replay import Found
from chatsnapshot.verification.findings import Finding, Kind
from chatsnapshot_schemas.errors import CorruptLedger
from chatsnapshot_schemas.roots import NO_PREVIOUS, MerkleRoot, decode_root
from chatsnapshot_schemas.signing_key import key_id


@dataclass(slots=True)
class RootChain:
    """Feed it a partition's root values in order. `trusted`: public keys; empty: those that the roots name."""

    ledger: Ledger
    found: Found
    trusted: frozenset[bytes] = frozenset()
    anchored: AnchoredRoots | None = None
    from_the_first: bool = True
    """Whether the first value must be the partition's first root."""
    roots: int = 0
    unsigned: int = 0
    keys: dict[bytes, int] = field(default_factory=dict)
    """Public keys, with how many roots each signed."""
    last: MerkleRoot | None = None
    last_anchored: MerkleRoot | None = None
    """The last root that the anchor has too."""
    _untold_unsigned: bool = True

    def read(self, values: Iterable[bytes]) -> Iterator[MerkleRoot]:
        """The roots of this very ledger, checked; those of an earlier ledger topic are checked and passed over."""
        for value in values:
            try:
                root = decode_root(value)
            except CorruptLedger as error:
                self._tell(Kind.ROOT_CHAIN_BROKEN, f"after root {self.last.number if self.last else 0}: {error}")
                continue
            self._check(root)
            before, self.last = self.last, root
            self.roots += 1
            if root.ledger != self.ledger:
                continue
            if before is None or before.ledger != root.ledger or before.ledger_offset < root.ledger_offset:
                yield root
            else:
                self._tell(
                    Kind.ROOT_CHAIN_BROKEN,
                    f"root {root.number} counts up to offset {root.ledger_offset}, the one before it up to "
                    f"{before.ledger_offset}",
                )

    def _check(self, root: MerkleRoot) -> None:
        self._check_link(root)
        self._check_signature(root)
        if self.anchored is None or root.ledger != self.ledger:
            return
        digest = self.anchored.digests.get(root.number)
        if digest == root.digest:
            self.last_anchored = root
        elif digest is not None:
            self._tell(Kind.ANCHOR_DIFFERS, f"root {root.number} is not the one that was kept elsewhere")

    def _check_link(self, root: MerkleRoot) -> None:
        last = self.last
        if root.partition != self.ledger[2]:
            self._tell(Kind.ROOT_CHAIN_BROKEN, f"root {root.number} is of partition {root.partition}")
        elif last is not None and (root.number, root.previous) != (last.number + 1, last.digest):
            self._tell(Kind.ROOT_CHAIN_BROKEN, f"root {root.number} does not follow root {last.number}")
        elif last is None and self.from_the_first and (root.number, root.previous) != (1, NO_PREVIOUS):
            self._tell(
                Kind.ROOT_CHAIN_BROKEN, f"the roots begin with number {root.number}: those before it are missing"
            )

    def _check_signature(self, root: MerkleRoot) -> None:
        if not root.is_signed:
            self.unsigned += 1
            if self.trusted and self._untold_unsigned:
                self._untold_unsigned = False
                self._tell(Kind.SIGNATURE_WRONG, f"root {root.number} is not signed")
            return
        public_key = bytes.fromhex(root.public_key)
        self.keys[public_key] = self.keys.get(public_key, 0) + 1
        if not root.signature_holds():
            self._tell(Kind.SIGNATURE_WRONG, f"root {root.number} is not signed by the key that it names")
        elif self.trusted and public_key not in self.trusted and self.keys[public_key] == 1:
            self._tell(
                Kind.SIGNATURE_WRONG, f"root {root.number} is signed by key {key_id(public_key)}, which is not trusted"
            )

    def _tell(self, kind: Kind, detail: str) -> None:
        self.found(Finding(kind, f"partition {self.ledger[2]}: {detail}"))
