"""`evidence export`: raw records, heads, roots and proofs into files, streamed from the topics."""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from confluent_kafka import Consumer

from chatsnapshot import __version__
from chatsnapshot.evidence.anchor_file import AnchoredRoots, Ledger
from chatsnapshot.evidence.evidence_files import MANIFEST, EvidenceWriter, new_evidence
from chatsnapshot.evidence.manifest import WAITING_FILE, Manifest, PartitionFiles
from chatsnapshot.evidence.partition_export import LedgerSource, PartitionExport, PartitionProgress, Progress
from chatsnapshot.evidence.root_values import has_roots_topic
from chatsnapshot.kafka.admin import ANSWER_TIMEOUT_S, admin_client, partition_count, topic_ids
from chatsnapshot.kafka.partition_log import reader
from chatsnapshot.verification.findings import Finding
from chatsnapshot.verification.waiting import held_findings, quarantine_findings
from chatsnapshot_schemas.avro_schema import envelope_schema, ledger_schema
from chatsnapshot_schemas.connections import KafkaConnection, TopicNames
from chatsnapshot_schemas.errors import NotFound
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.partitioning import message_key, partition_of
from chatsnapshot_schemas.signing_key import key_id, public_key_pem


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    path: str
    partitions: int
    runs: int
    records: int
    roots: int
    bytes: int
    manifest_sha256: str
    """To be written down elsewhere: with it, every file of the evidence is known again."""


@dataclass(frozen=True, slots=True)
class EvidenceExport:
    """Where the topics are, and what is wanted: `run` of `tenant`, all of `tenant`, or with neither everything.

    Raises BrokerUnavailable, AccessRefused, NotFound, ConfigurationError. Memory: some hundred bytes for each run of
    a partition, whatever the number of records.
    """

    kafka: KafkaConnection
    topics: TopicNames
    framing: Framing
    tenant: str | None = None
    run: str | None = None
    anchored: dict[Ledger, AnchoredRoots] | None = None
    """Roots that were kept elsewhere: runs are proven in the newest of them too."""

    def write(self, path: Path, *, replace: bool, progress: Progress = lambda done, total, records: None) -> Exported:
        """The whole evidence, or nothing."""
        with new_evidence(path, replace=replace) as files:
            manifest = self._fill(files, progress)
            with files.file(MANIFEST) as file:
                file.write(manifest.to_json())
        parts = manifest.partitions
        return Exported(
            path=str(path),
            partitions=len(parts),
            runs=sum(each.runs for each in parts),
            records=sum(each.records for each in parts),
            roots=sum(each.roots for each in parts),
            bytes=sum(each.bytes for each in files.digests.values()),
            manifest_sha256=files.digests[MANIFEST].sha256,
        )

    def _fill(self, files: EvidenceWriter, progress: Progress) -> Manifest:
        made_at = time.time_ns() // 1_000
        admin, ledger = admin_client(self.kafka), self.topics.ledger
        count = partition_count(self.kafka, ledger)
        cluster_id = str(admin.describe_cluster(request_timeout=ANSWER_TIMEOUT_S).result().cluster_id)
        source = LedgerSource(cluster_id, topic_ids(admin, [ledger])[ledger], has_roots_topic(self.kafka, self.topics))
        chosen = range(count) if self.run is None else [partition_of(self._key, count)]
        consumer = reader(self.kafka, self.topics.sink_group)  # the group that a verifier may ask about
        parts: list[PartitionFiles] = []
        try:
            for done, partition in enumerate(chosen):
                told = PartitionProgress(progress, done, len(chosen), sum(each.records for each in parts))
                parts.append(PartitionExport(self, files, consumer, source, partition, told).write())
            self._write_waiting(files, consumer, chosen, count)
        finally:
            consumer.close()
        if self.run is not None and not any(each.records for each in parts):
            raise NotFound(f"no run {self.run!r} of tenant {self.tenant!r} in topic {ledger}")
        self._write_schemas(files)
        _write_keys(files, source.keys)
        return Manifest(
            version=__version__,
            made_at=made_at,
            tenant=self.tenant,
            run=self.run,
            cluster_id=cluster_id,
            ledger_topic=ledger,
            ledger_topic_id=source.ledger_topic_id,
            partition_count=count,
            partitions=tuple(parts),
            schema_ids=tuple(sorted(source.schema_ids)),
            files=dict(files.digests),
        )

    @property
    def _key(self) -> bytes:
        return message_key(self.tenant or "", self.run or "")

    def wants(self, key: bytes) -> bool:
        """Whether a record with this message key belongs to what is wanted."""
        if self.run is not None:
            return key == self._key
        return self.tenant is None or key.startswith(f"{self.tenant}/".encode())

    def _write_waiting(
        self, files: EvidenceWriter, consumer: Consumer, chosen: "range | list[int]", count: int
    ) -> None:
        """Events that wait or were refused, as they are now: what the evidence cannot be complete without."""
        only = (self.tenant or "", self.run) if self.run is not None else None
        with files.file(WAITING_FILE) as file:
            for partition in range(count):  # a misrouted event is refused where it arrived
                found = [quarantine_findings(consumer, self.kafka, self.topics, partition, self.framing, only)]
                if partition in chosen:
                    found.append(held_findings(consumer, self.kafka, self.topics, partition, only))
                for finding in _joined(found):
                    if self.tenant in (None, finding.tenant_id):
                        file.write(json.dumps(asdict(finding), ensure_ascii=False).encode() + b"\n")

    def _write_schemas(self, files: EvidenceWriter) -> None:
        for name, schema in (("event_envelope", envelope_schema()), ("ledger_record", ledger_schema())):
            with files.file(f"schemas/{name}.avsc") as file:
                file.write(schema.text.encode())


def _joined(parts: list[Iterator[Finding]]) -> Iterator[Finding]:
    for part in parts:
        yield from part


def _write_keys(files: EvidenceWriter, keys: set[bytes]) -> None:
    for key in sorted(keys):
        try:
            pem = public_key_pem(key)
        except ValueError:
            continue  # some root names what is no key
        with files.file(f"keys/{key_id(key)}.pem") as file:
            file.write(pem.encode())
