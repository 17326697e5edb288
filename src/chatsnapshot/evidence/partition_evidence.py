"""One partition of an evidence, checked from its files alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from chatsnapshot.evidence.anchor_file import AnchoredRoots
from chatsnapshot.evidence.evidence_files import EvidenceFiles
from chatsnapshot.evidence.evidence_report import EvidenceReport
from chatsnapshot.evidence.head_lines import HeadLine, ProofLine, read_heads, read_proofs
from chatsnapshot.evidence.manifest import Manifest, PartitionFiles
from chatsnapshot.evidence.record_frames import RecordFrame, read_frames
from chatsnapshot.evidence.root_chain import RootChain
from chatsnapshot.evidence.root_replay import RootReplay
from chatsnapshot.evidence.run_proofs import Run, RunProofs
from chatsnapshot.evidence.tail import Tail, tail_of
from chatsnapshot.verification.chain_check import PartitionCheck
from chatsnapshot.verification.findings import Finding, Kind
from chatsnapshot_schemas.chain import HASH_BYTES
from chatsnapshot_schemas.errors import CorruptLedger, InvalidEvent
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.roots import ROOT_BYTES_MAX

TOLD_EVERY = 1_000
"""Records between two words of progress."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What is not taken from the evidence itself."""

    keys: frozenset[bytes] = frozenset()
    """Public keys; empty: those that the roots name are taken."""
    anchored: AnchoredRoots | None = None
    """Of this partition."""
    has_anchor: bool = False


class PartitionEvidence:
    """Checks one partition; findings go to the report. Memory grows with the partition, about 400 bytes a record."""

    def __init__(
        self,
        files: EvidenceFiles,
        manifest: Manifest,
        part: PartitionFiles,
        framing: Framing,
        trust: Trust,
        report: EvidenceReport,
    ) -> None:
        self._files = files
        self._manifest = manifest
        self._part = part
        self._framing = framing
        self._trust = trust
        self._report = report
        ledger = (manifest.cluster_id, manifest.ledger_topic_id, part.partition)
        self._chain = RootChain(ledger, report.add, trust.keys, trust.anchored, from_the_first=manifest.is_whole)
        self.check = PartitionCheck(part.partition, manifest.partition_count)
        """Its runs, once `run` is through."""
        self._offsets: dict[Run, list[int]] = {}
        self._records = 0

    def run(self, told: Callable[[int], None]) -> None:
        """Check records, heads, roots and proofs; `told` hears how many records are done. Raises DamagedFile."""
        self._report.tails.append(self._check_whole(told) if self._manifest.is_whole else self._check_runs(told))
        for run in self.check.runs.values():
            for finding in run.finish():
                self._report.add(finding)
        self._check_heads()
        self._compare_counts()
        chain, report = self._chain, self._report
        report.found.runs += len(self.check.runs)
        report.found.records += self._records
        report.roots += chain.roots
        report.unsigned += chain.unsigned
        for key, count in chain.keys.items():
            report.keys[key] = report.keys.get(key, 0) + count

    def _check_whole(self, told: Callable[[int], None]) -> Tail:
        """Every root is computed again from the records."""
        with self._files.open(self._part.roots_file) as roots:
            replay = RootReplay(self._part.partition, self._chain.read(lines(roots)), self._report.add)
            for frame, body in self._bodies(told):
                replay.feed(frame.offset, frame.key, body)
            replay.finish()
        last = self._chain.last
        if last is not None and last.ledger == self._chain.ledger:
            self._report.covered += min(last.records, self._records)
        return self._tail(replay.first_different)

    def _check_runs(self, told: Callable[[int], None]) -> Tail:
        for _ in self._bodies(told):
            pass
        with self._files.open(self._part.roots_file) as file:
            roots = {root.number: root for root in self._chain.read(lines(file))}
        proofs = RunProofs(self.check.runs, self._offsets, roots, self._report.add)
        proven = proofs.check(self._proofs())
        if proven:
            self._report.covered += proofs.records_until(proven[-1])
        tail = self._tail(min(proofs.faulty, default=None))
        if tail.proven_until is None:
            return tail
        anchored = self._trust.anchored.digests if self._trust.anchored is not None else {}
        both = [root for root in proven if anchored.get(root.number) == root.digest]
        if not both:
            why = "no run is proven in a root of the anchor: export again with --anchor"
            self._tell(Kind.ANCHOR_SILENT, why)
            return Tail(self._part.partition, None, note=why)
        after = self._records - proofs.records_until(both[-1])
        return Tail(self._part.partition, both[-1].recorded_at, after, tail.note)

    def _tail(self, first_different: int | None) -> Tail:
        if not self._trust.has_anchor:
            return Tail(self._part.partition, None, note="no anchor was given")
        return tail_of(
            self._chain, first_different, self._records, self._manifest.made_at, whole=self._manifest.is_whole
        )

    def _bodies(self, told: Callable[[int], None]) -> Iterator[tuple[RecordFrame, bytes]]:
        """Every readable record, checked by itself and in its run."""
        with self._files.open(self._part.records_file) as file:
            try:
                for frame in read_frames(file):
                    self._records += 1
                    if self._records % TOLD_EVERY == 0:
                        told(self._records)
                    body = self._checked(frame)
                    if body is not None:
                        yield frame, body
            except CorruptLedger as error:
                self._tell(Kind.FILE_CHANGED, f"{self._part.records_file}: {error}")

    def _checked(self, frame: RecordFrame) -> bytes | None:
        try:
            body = self._framing.ledger_body(frame.value)
        except InvalidEvent as error:
            self._tell(Kind.UNREADABLE, f"offset {frame.offset}: {error}")
            return None
        findings = list(self.check.feed(body))
        for finding in findings:
            self._report.add(finding)
        self.check.stored.clear()  # payloads in blob storage are not in the evidence
        tenant, _, correlation = frame.key.decode("utf-8", "replace").partition("/")
        run = self.check.runs.get((tenant, correlation))
        if run is None or run.head != body[:HASH_BYTES]:
            if not any(finding.kind is Kind.UNREADABLE for finding in findings):
                self._tell(Kind.UNREADABLE, f"offset {frame.offset}: its key {frame.key!r} is another run's")
            return None
        self._offsets.setdefault((tenant, correlation), []).append(frame.offset)
        return body

    def _proofs(self) -> Iterator[ProofLine]:
        with self._files.open(self._part.proofs_file) as file:
            try:
                yield from read_proofs(file)
            except CorruptLedger as error:
                self._tell(Kind.FILE_CHANGED, f"{self._part.proofs_file}: {error}")

    def _check_heads(self) -> None:
        """The heads that the evidence says are those that its records leave."""
        runs = {whose: (len(run.hashes), run.head.hex()) for whose, run in self.check.runs.items()}
        for head in self._heads():
            whose = (head.tenant_id, head.correlation_id)
            if runs.pop(whose, None) != (head.count, head.hash):
                self._tell(
                    Kind.FILE_CHANGED, f"heads: {head.count:,} records and head {head.hash[:16]}… do not fit", whose
                )
        for whose in runs:
            self._tell(Kind.FILE_CHANGED, "heads: there is none of this run", whose)

    def _heads(self) -> Iterator[HeadLine]:
        with self._files.open(self._part.heads_file) as file:
            try:
                yield from read_heads(file)
            except CorruptLedger as error:
                self._tell(Kind.FILE_CHANGED, f"{self._part.heads_file}: {error}")

    def _compare_counts(self) -> None:
        part = self._part
        said = (part.records, part.runs, part.roots)
        there = (self._records, len(self.check.runs), self._chain.roots)
        if said != there:
            self._tell(
                Kind.FILE_CHANGED,
                "the manifest says {:,} records of {:,} runs and {:,} roots; there are {:,}, {:,} and {:,}".format(
                    *said, *there
                ),
            )
        if (newest := max((each[-1] for each in self._offsets.values()), default=-1)) >= part.end:
            self._tell(Kind.FILE_CHANGED, f"offset {newest} lies beyond the end that the manifest says, {part.end}")

    def _tell(self, kind: Kind, detail: str, whose: Run = ("", "")) -> None:
        where = "" if whose[1] else f"partition {self._part.partition}: "
        self._report.add(Finding(kind, where + detail, *whose))


def lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file of roots, without their ends."""
    while line := file.readline(ROOT_BYTES_MAX + 1):
        yield line.removesuffix(b"\n")
