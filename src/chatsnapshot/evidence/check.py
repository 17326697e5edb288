"""`evidence check`: an evidence proved or refuted from its files alone, without Kafka, ClickHouse or settings."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from chatsnapshot.evidence.anchor_file import AnchoredRoots, Ledger, read_anchor
from chatsnapshot.evidence.evidence_files import MANIFEST, DamagedFile, EvidenceFiles
from chatsnapshot.evidence.evidence_report import EvidenceReport
from chatsnapshot.evidence.manifest import MANIFEST_BYTES_MAX, WAITING_FILE, Manifest
from chatsnapshot.evidence.outside_causes import OutsideCauses
from chatsnapshot.evidence.partition_evidence import PartitionEvidence, Trust
from chatsnapshot.evidence.record_frames import read_frames
from chatsnapshot.verification.findings import Finding, Kind
from chatsnapshot_schemas.avro_schema import AvroSchema, envelope_schema, ledger_schema
from chatsnapshot_schemas.codec import decode_ledger_plain
from chatsnapshot_schemas.errors import ConfigurationError, CorruptLedger, InvalidEvent
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.roots import MerkleRoot
from chatsnapshot_schemas.signing_key import key_id

Progress = Callable[[int, int, int], None]
"""Called with (partitions done, partitions to do, records so far)."""


@dataclass
class EvidenceCheck:
    """One check. Raises ConfigurationError for what is no evidence, no anchor or no key; MissingExtra."""

    path: Path
    anchor: Path | None = None
    keys: frozenset[bytes] = frozenset()
    progress: Progress = lambda done, total, records: None
    report: EvidenceReport = field(default_factory=EvidenceReport)

    def run(self) -> EvidenceReport:
        """Check everything."""
        began = time.monotonic()
        files = EvidenceFiles(self.path)
        manifest = self._manifest(files)
        anchored = self._anchored()
        self._check_digests(files, manifest)
        self._check_schemas(files)
        causes = OutsideCauses()
        framing = Framing(_RecordedIds(frozenset(manifest.schema_ids)))
        for done, part in enumerate(manifest.partitions):
            ledger = (manifest.cluster_id, manifest.ledger_topic_id, part.partition)
            trust = Trust(self.keys, anchored.get(ledger), self.anchor is not None)
            partition = PartitionEvidence(files, manifest, part, framing, trust, self.report)
            before = self.report.found.records
            try:
                partition.run(lambda records: self._told(done, manifest, before + records))  # noqa: B023  called at once
            except DamagedFile as error:
                self._tell(Kind.FILE_CHANGED, str(error))
            causes.note(partition.check)
        self._look_outside(files, manifest, framing, causes)
        self._read_waiting(files)
        self.report.found.seconds = time.monotonic() - began
        return self.report

    def _told(self, done: int, manifest: Manifest, records: int) -> None:
        self.progress(done, len(manifest.partitions), records)

    def _manifest(self, files: EvidenceFiles) -> Manifest:
        with files.open(MANIFEST) as file:
            content = file.read(MANIFEST_BYTES_MAX)
        manifest = Manifest.from_json(content)
        report = self.report
        report.made_at = manifest.made_at
        report.manifest_sha256 = sha256(content).hexdigest()
        report.is_key_trusted, report.has_anchor = bool(self.keys), self.anchor is not None
        if manifest.run is not None:
            report.scope = f"run {manifest.run} of tenant {manifest.tenant}"
        else:
            report.scope = f"every run of tenant {manifest.tenant}" if manifest.tenant is not None else "everything"
        _check_plausible(manifest)
        return manifest

    def _anchored(self) -> dict[Ledger, AnchoredRoots]:
        return {} if self.anchor is None else read_anchor(self.anchor, self._check_anchored)

    def _check_anchored(self, root: MerkleRoot) -> None:
        if not root.is_signed:
            return
        if not root.signature_holds():
            self._tell(Kind.SIGNATURE_WRONG, f"the anchor's root {root.number} of partition {root.partition}")
        elif self.keys and bytes.fromhex(root.public_key) not in self.keys:
            key = key_id(bytes.fromhex(root.public_key))
            self._tell(
                Kind.SIGNATURE_WRONG,
                f"the anchor's root {root.number} of partition {root.partition} is signed by key {key}, which is not "
                "trusted",
            )

    def _check_digests(self, files: EvidenceFiles, manifest: Manifest) -> None:
        there = files.names() - {MANIFEST}
        for name in sorted(there - manifest.files.keys()):
            self._tell(Kind.FILE_CHANGED, f"{name} is not in the manifest")
        for name, said in sorted(manifest.files.items()):
            try:
                found = files.digest(name)
            except DamagedFile as error:
                self._tell(Kind.FILE_CHANGED, str(error))
                continue
            if found != said:
                self._tell(Kind.FILE_CHANGED, f"{name} is not the file that the manifest names")

    def _check_schemas(self, files: EvidenceFiles) -> None:
        for name, schema in (("event_envelope", envelope_schema()), ("ledger_record", ledger_schema())):
            try:
                with files.open(f"schemas/{name}.avsc") as file:
                    if json.loads(file.read(MANIFEST_BYTES_MAX)) != json.loads(schema.text):
                        self._tell(Kind.FILE_CHANGED, f"schemas/{name}.avsc is another schema than this version reads")
            except (DamagedFile, ValueError) as error:
                self._tell(Kind.FILE_CHANGED, f"schemas/{name}.avsc: {error}")

    def _look_outside(self, files: EvidenceFiles, manifest: Manifest, framing: Framing, causes: OutsideCauses) -> None:
        """Causes in other runs: looked for among the records, where the evidence has the run."""
        keys = causes.keys()
        for part in manifest.partitions if keys else ():
            try:
                with files.open(part.records_file) as file:
                    for frame in read_frames(file):
                        if frame.key in keys:
                            causes.seen(decode_ledger_plain(framing.ledger_body(frame.value)))
            except (DamagedFile, CorruptLedger, InvalidEvent):
                continue  # told already
        for finding in causes.findings(everything=manifest.tenant is None):
            self.report.add(finding)
        self.report.causes_elsewhere = causes.elsewhere

    def _read_waiting(self, files: EvidenceFiles) -> None:
        try:
            with files.open(WAITING_FILE) as file:
                for line in file:
                    plain = json.loads(line)
                    self.report.add(Finding(**{**plain, "kind": Kind(plain["kind"])}))
        except (DamagedFile, ValueError, TypeError, KeyError) as error:
            self._tell(Kind.FILE_CHANGED, f"{WAITING_FILE}: {error}")

    def _tell(self, kind: Kind, detail: str) -> None:
        self.report.add(Finding(kind, detail))


def _check_plausible(manifest: Manifest) -> None:
    """Raise ConfigurationError for a manifest that could not have been written."""
    numbers = [part.partition for part in manifest.partitions]
    if manifest.partition_count < 1 or len(set(numbers)) < len(numbers):
        raise ConfigurationError("the manifest cannot be read: its partitions are not those of a topic")
    if not all(0 <= number < manifest.partition_count for number in numbers):
        raise ConfigurationError("the manifest cannot be read: it has a partition that the topic has not")


@dataclass(frozen=True, slots=True)
class _RecordedIds:
    """The registry as the manifest remembers it."""

    ids: frozenset[int]

    def id_of(self, subject: str, schema: AvroSchema) -> int:
        """Nothing is written here."""
        raise NotImplementedError(subject)

    def fingerprint_of(self, schema_id: int) -> bytes | None:
        """Every number in the manifest is the ledger's schema."""
        return ledger_schema().fingerprint if schema_id in self.ids else None
