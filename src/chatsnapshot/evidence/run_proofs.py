"""Some runs of a partition against its roots: the tree cannot be computed from them, so proofs lead to the roots."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from chatsnapshot.evidence.head_lines import ProofLine
from chatsnapshot.evidence.root_replay import Found
from chatsnapshot.verification.chain_check import RunCheck
from chatsnapshot.verification.findings import Finding, Kind
from chatsnapshot_schemas.partitioning import message_key
from chatsnapshot_schemas.roots import MerkleRoot

Run = tuple[str, str]


@dataclass(slots=True)
class RunProofs:
    """`runs`: checked already; `offsets`: of every record, ascending, by run."""

    runs: dict[Run, RunCheck]
    offsets: dict[Run, list[int]]
    roots: dict[int, MerkleRoot]
    found: Found
    faulty: set[int] = field(default_factory=set)
    """Numbers of roots that some run does not fit."""
    _proven: dict[int, set[Run]] = field(default_factory=dict)

    def check(self, proofs: Iterable[ProofLine]) -> list[MerkleRoot]:
        """The roots in which every run of their time is proven, in order."""
        for line in proofs:
            whose = (line.head.tenant_id, line.head.correlation_id)
            if (root := self.roots.get(line.root)) is None:
                self._tell(Kind.ROOT_DIFFERS, whose, f"its proof is for root {line.root}, which is not there")
            elif self._fits(line, root, whose):
                self._proven.setdefault(root.number, set()).add(whose)
            else:
                self.faulty.add(root.number)
        newest = {max(self.roots)} if self.roots else set()
        return [self.roots[number] for number in sorted(newest | self._proven.keys()) if self._has_all(number)]

    def records_until(self, root: MerkleRoot) -> int:
        """Records of these runs that the root counts."""
        return sum(bisect_right(offsets, root.ledger_offset) for offsets in self.offsets.values())

    def _fits(self, line: ProofLine, root: MerkleRoot, whose: Run) -> bool:
        head, run = line.head, self.runs.get(whose)
        there = len(run.hashes) if run else 0
        if run is None or head.count > there:
            self._tell(Kind.TAIL_CUT, whose, f"root {root.number} counts {head.count:,} records, {there:,} are there")
            return False
        digest = bytes.fromhex(head.hash)
        if run.hashes[head.count - 1] != digest:
            self._tell(Kind.ROOT_DIFFERS, whose, f"root {root.number} counts another record {head.count} than there is")
            return False
        above = line.proof.root(message_key(*whose), head.count, digest)
        if above is None or above.hex() != root.root:
            self._tell(Kind.ROOT_DIFFERS, whose, f"its proof does not lead to root {root.number}")
            return False
        if (until := bisect_right(self.offsets[whose], root.ledger_offset)) != head.count:
            self._tell(
                Kind.ROOT_DIFFERS,
                whose,
                f"root {root.number} counts {head.count:,} records, up to its offset are {until:,}",
            )
            return False
        return True

    def _has_all(self, number: int) -> bool:
        root, proven = self.roots[number], self._proven.get(number, set())
        for whose in self.runs:
            if self.offsets[whose][0] <= root.ledger_offset and whose not in proven:
                if number not in self.faulty:
                    self._tell(Kind.ROOT_DIFFERS, whose, f"recorded by then, but no proof that root {number} counts it")
                self.faulty.add(number)
        return number not in self.faulty

    def _tell(self, kind: Kind, whose: Run, detail: str) -> None:
        self.found(Finding(kind, detail, *whose))
