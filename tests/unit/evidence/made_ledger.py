"""A ledger partition made by hand, and its evidence on the disk; a test damages either before it is checked."""

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from chatsnapshot.evidence.check import EvidenceCheck
from chatsnapshot.evidence.evidence_files import MANIFEST, FileDigest, new_evidence
from chatsnapshot.evidence.evidence_report import EvidenceReport
from chatsnapshot.evidence.head_lines import HeadLine, ProofLine
from chatsnapshot.evidence.manifest import WAITING_FILE, Manifest, PartitionFiles
from chatsnapshot.evidence.record_frames import RecordFrame
from chatsnapshot_schemas.avro_schema import envelope_schema, ledger_schema
from chatsnapshot_schemas.chain import genesis_hash
from chatsnapshot_schemas.codec import encode_envelope, encode_ledger
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.merkle import HeadTree
from chatsnapshot_schemas.partitioning import message_key
from chatsnapshot_schemas.roots import NO_PREVIOUS, MerkleRoot
from chatsnapshot_schemas.signing_key import SigningKey
from tests.unit.schemas.strategies import some_envelope

PREFIX = Framing().prefix("ledger", ledger_schema())
MADE_AT = 2_000_000_000_000_000
MINUTE = 60_000_000


@dataclass
class MadeLedger:
    """Records of several runs in one partition, in turn, with a root after every `root()`."""

    key: SigningKey | None
    frames: list[RecordFrame] = field(default_factory=list)
    roots: list[MerkleRoot] = field(default_factory=list)
    heads: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    """By run."""
    text: str = "said"
    waiting: list[dict[str, Any]] = field(default_factory=list)

    def record(self, run: str, **envelope: Any) -> "MadeLedger":
        """One more record of a run."""
        count, last = self.heads.get(run, (0, genesis_hash("default", run)))
        event_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{run}/{count}"))
        proposed = {
            "event_id": event_id,
            "correlation_id": run,
            "source_seq": count,
            "payload": json.dumps({"content": f"{self.text} {run} {count}"}),
            **envelope,
        }
        head = {
            "prev_hash": last,
            "sequence_no": count + 1,
            "recorded_at": 1_000_000 * len(self.frames),
            "input_epoch": 1,
            "input_partition": 0,
            "input_offset": len(self.frames),
            "gap_before": 0,
            "late": False,
            "cause": "root" if envelope.get("causation_id") is None else "external",
        }
        digest, body = encode_ledger(head, encode_envelope(some_envelope(**proposed)))
        self.heads[run] = (count + 1, digest)
        offset = self.frames[-1].offset + 1 if self.frames else 0
        self.frames.append(RecordFrame(offset, message_key("default", run), PREFIX + body))
        return self

    def turns(self, runs: int, each: int) -> "MadeLedger":
        """`each` records of every run, in turn."""
        for _ in range(each):
            for run in range(runs):
                self.record(f"run-{run}")
        return self

    def root(self, **changes: Any) -> "MadeLedger":
        """A root over everything until now."""
        self.roots.append(self.made_root(**changes))
        return self

    def made_root(self, **changes: Any) -> MerkleRoot:
        """The root that would be next."""
        tree, last = self.tree(), self.roots[-1] if self.roots else None
        fields: dict[str, Any] = {
            "number": last.number + 1 if last else 1,
            "previous": last.digest if last else NO_PREVIOUS,
            "cluster_id": "cluster",
            "ledger_topic": "chatsnapshot.ledger",
            "ledger_topic_id": "topic",
            "partition": 0,
            "partitions": 1,
            "ledger_offset": self.frames[-1].offset,
            "correlations": tree.heads,
            "records": tree.records,
            "root": tree.root().hex(),
            "recorded_at": 1_000_000 * len(self.frames),
            "made_at": MADE_AT - 1000 * MINUTE + MINUTE * len(self.roots),
            "public_key": "",
            **changes,
        }
        root = MerkleRoot(**fields)
        return root.signed_by(self.key) if self.key is not None else root

    def tree(self, until: int | None = None) -> HeadTree:
        """Heads that the records up to an offset leave."""
        tree, counts = HeadTree(), dict[bytes, int]()
        for frame in self.frames:
            if until is None or frame.offset <= until:
                counts[frame.key] = counts.get(frame.key, 0) + 1
                tree.put(frame.key, counts[frame.key], frame.value[len(PREFIX) :][:32])
        return tree

    def manifest(self, run: str | None = None) -> Manifest:
        """What an export would say."""
        wanted = self.wanted(run)
        part = PartitionFiles(
            0,
            self.frames[-1].offset + 1 if self.frames else 0,
            len(wanted),
            len({frame.key for frame in wanted}),
            len(self.roots),
        )
        return Manifest(
            version="0",
            made_at=MADE_AT,
            tenant=None if run is None else "default",
            run=run,
            cluster_id="cluster",
            ledger_topic="chatsnapshot.ledger",
            ledger_topic_id="topic",
            partition_count=1,
            partitions=(part,),
        )

    def wanted(self, run: str | None) -> list[RecordFrame]:
        return [frame for frame in self.frames if run is None or frame.key == message_key("default", run)]

    def write(self, path: Path, run: str | None = None, proofs: Iterable[ProofLine] | None = None) -> Path:
        """The evidence of everything, or of one run."""
        manifest = self.manifest(run)
        part = manifest.partitions[0]
        if proofs is None and run is not None:
            proofs = [self.proof(run, root) for root in self.roots]
        contents = {
            part.records_file: b"".join(frame.to_bytes() for frame in self.wanted(run)),
            part.roots_file: b"".join(root.value + b"\n" for root in self.roots),
            part.heads_file: b"".join(
                HeadLine("default", name, count, digest.hex()).to_line()
                for name, (count, digest) in sorted(self.heads.items())
                if run in (None, name)
            ),
            WAITING_FILE: b"".join(json.dumps(each).encode() + b"\n" for each in self.waiting),
            "schemas/event_envelope.avsc": envelope_schema().text.encode(),
            "schemas/ledger_record.avsc": ledger_schema().text.encode(),
        }
        if proofs is not None:
            contents[part.proofs_file] = b"".join(proof.to_line() for proof in proofs)
        with new_evidence(path, replace=True) as files:
            for name, content in contents.items():
                with files.file(name) as file:
                    file.write(content)
            with files.file(MANIFEST) as file:
                file.write(replace(manifest, files=dict(files.digests)).to_json())
        return path

    def proof(self, run: str, root: MerkleRoot) -> ProofLine:
        """That a root counts a run's head."""
        tree, key = self.tree(root.ledger_offset), message_key("default", run)
        head = tree.head(key)
        assert head is not None
        return ProofLine(HeadLine.of(key, *head), root.number, tree.prove(key))

    def anchor(self, path: Path, *roots: MerkleRoot) -> Path:
        """An anchor file with these roots, or all."""
        path.write_bytes(b"".join(root.value + b"\n" for root in roots or self.roots))
        return path


def checked(path: Path, anchor: Path | None = None, *keys: bytes) -> EvidenceReport:
    return EvidenceCheck(path, anchor, frozenset(keys)).run()


def kinds(report: EvidenceReport) -> set[str]:
    return {str(kind) for kind in report.found.counts}


def rewrite(path: Path, name: str, content: bytes) -> None:
    """Change a file of an evidence folder and its digest in the manifest, as a forger would."""
    from hashlib import sha256

    (path / name).write_bytes(content)
    manifest = Manifest.from_json((path / MANIFEST).read_bytes())
    digests = {**manifest.files, name: FileDigest(sha256(content).hexdigest(), len(content))}
    (path / MANIFEST).write_bytes(replace(manifest, files=digests).to_json())
