"""How far a partition's tail is proven: by a root that was kept elsewhere, and by nothing else."""

from dataclasses import dataclass
from datetime import datetime

from chatsnapshot.evidence.anchor_file import AnchoredRoots
from chatsnapshot.evidence.root_chain import RootChain
from chatsnapshot.verification.findings import Finding, Kind
from chatsnapshot_schemas.envelope import moment
from chatsnapshot_schemas.roots import MerkleRoot

NOT_PROVEN = "tail not proven"
CLOCKS_APART_MICROS = 5_000_000
"""Of two machines that keep their clocks by the network, with room to spare."""


@dataclass(frozen=True, slots=True)
class Tail:
    """One partition's."""

    partition: int
    proven_until: int | None
    """Append time of the last record that an anchored root counts, microseconds since 1970; None: not proven."""
    records_after: int = 0
    """Records that were recorded after it."""
    note: str = ""


def proven_until(tails: list[Tail]) -> datetime | None:
    """The tail of every partition is proven up to here, by append time; None: not that of all."""
    known = [tail.proven_until for tail in tails if tail.proven_until is not None]
    return moment(min(known)) if known and len(known) == len(tails) else None


def tail_verdict(tails: list[Tail]) -> str:
    """For people."""
    until = proven_until(tails)
    return NOT_PROVEN if until is None else f"tail proven up to {until.isoformat(timespec='seconds')}"


def tail_of(
    chain: RootChain, first_different: int | None, records: int, read_at: int | None, *, whole: bool = True
) -> Tail:
    """The partition's tail; what the anchor contradicts is told to the chain's `found`.

    `first_different`: number of the first root that the records do not fit. `records`: how many there are. `read_at`:
    when they were read, microseconds since 1970; a root that was made later cannot be expected. None: a moment ago.
    `whole`: whether `records` are all of the partition.
    """
    partition, anchored = chain.ledger[2], chain.anchored
    if anchored is None:
        chain.found(Finding(Kind.ANCHOR_SILENT, f"partition {partition}: the anchor has no root of it"))
        return Tail(partition, None, note="the anchor has no root of it")
    note = _contradicted(chain, anchored, read_at)
    proof = chain.last_anchored
    if proof is None or (first_different is not None and proof.number >= first_different):
        return Tail(partition, None, note=note or "no root of the anchor fits")
    return Tail(partition, proof.recorded_at, records - proof.records if whole else 0, note)


def _contradicted(chain: RootChain, anchored: AnchoredRoots, read_at: int | None) -> str:
    """Tell what the anchor shows to be missing; a note where it is only newer."""
    partition, newest = chain.ledger[2], anchored.newest
    if anchored.contradictions:
        number = anchored.contradictions[0]
        chain.found(Finding(Kind.ANCHOR_DIFFERS, f"partition {partition}: the anchor has two different roots {number}"))
    if chain.last is not None and newest.number <= chain.last.number:
        return ""
    if read_at is not None and newest.made_at > read_at - CLOCKS_APART_MICROS:
        return f"the anchor's root {newest.number} of {shown(newest)} is newer than this evidence, and was not compared"
    chain.found(
        Finding(
            Kind.TAIL_CUT,
            f"partition {partition}: root {newest.number} of {shown(newest)}, which was kept elsewhere, is missing; it "
            f"counts {newest.records:,} records, up to offset {newest.ledger_offset}",
        )
    )
    return "a root of the anchor is missing"


def shown(root: MerkleRoot) -> str:
    """When a root was made, for people."""
    return moment(root.made_at).isoformat(timespec="seconds")
