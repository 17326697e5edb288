"""One partition into an evidence: roots, records, proofs and heads."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from confluent_kafka import Consumer

from chatsnapshot.evidence.evidence_files import PIECE_BYTES, EvidenceWriter
from chatsnapshot.evidence.head_lines import HeadLine, ProofLine
from chatsnapshot.evidence.manifest import PartitionFiles
from chatsnapshot.evidence.record_frames import RecordFrame
from chatsnapshot.evidence.root_values import root_values
from chatsnapshot.kafka.partition_log import bounds, read_partition
from chatsnapshot_schemas.avro_long import decode_long
from chatsnapshot_schemas.errors import CorruptLedger, InvalidEvent
from chatsnapshot_schemas.framing import CONFLUENT, CONFLUENT_BYTES
from chatsnapshot_schemas.ledger_head import SEQUENCE_NO_AT
from chatsnapshot_schemas.merkle import HASH_BYTES, HeadTree
from chatsnapshot_schemas.roots import MerkleRoot, decode_root

if TYPE_CHECKING:
    from chatsnapshot.evidence.export import EvidenceExport

ROOTS_WITH_RUNS_MAX = 1_500
"""Beside some runs, not all of their partition: about a day of roots."""
Progress = Callable[[int, int, int], None]
"""Called with (partitions done, partitions to do, records so far)."""


class LedgerSource:
    """The ledger that is read, and the keys that its roots name."""

    def __init__(self, cluster_id: str, ledger_topic_id: str, has_roots: bool) -> None:
        self.cluster_id = cluster_id
        self.ledger_topic_id = ledger_topic_id
        self.has_roots = has_roots
        self.keys: set[bytes] = set()
        self.schema_ids: set[int] = set()
        """Numbers by which a registry knows the ledger's schema: offline nobody could ask it."""


@dataclass(frozen=True, slots=True)
class PartitionProgress:
    """Progress of one partition."""

    progress: Progress
    done: int
    total: int
    before: int
    """Records of the partitions that are done."""

    def __call__(self, records: int) -> None:
        """So many records of it are read."""
        self.progress(self.done, self.total, self.before + records)


class PartitionExport:
    """One partition. Roots are read before the ledger's end, so that it has every record that they count."""

    def __init__(
        self,
        export: "EvidenceExport",
        files: EvidenceWriter,
        consumer: Consumer,
        source: LedgerSource,
        partition: int,
        told: PartitionProgress,
    ) -> None:
        self._export = export
        self._files = files
        self._consumer = consumer
        self._source = source
        self._told = told
        self._ledger = (source.cluster_id, source.ledger_topic_id, partition)
        self._partition = partition
        self._heads: dict[bytes, tuple[int, bytes]] = {}
        self._newest: MerkleRoot | None = None

    def write(self) -> PartitionFiles:
        """Its files; what they hold."""
        part = PartitionFiles(self._partition, 0, 0, 0, 0)
        roots = self._write_roots(part.roots_file)
        limit = bounds(self._consumer, self._export.kafka, self._export.topics.ledger, self._partition)
        with TemporaryFile() as proofs:  # an archive takes one file after the other
            with self._files.file(part.records_file) as file:
                records = 0
                for frame in self._records(proofs):
                    file.write(frame.to_bytes())
                    records += 1
            if self._export.tenant is not None:
                proofs.seek(0)
                with self._files.file(part.proofs_file) as file:
                    while piece := proofs.read(PIECE_BYTES):
                        file.write(piece)
        with self._files.file(part.heads_file) as file:
            for key, head in sorted(self._heads.items()):
                file.write(HeadLine.of(key, *head).to_line())
        return PartitionFiles(self._partition, limit.end, records, len(self._heads), roots)

    def _write_roots(self, name: str) -> int:
        export, written = self._export, 0
        last = None if export.tenant is None else ROOTS_WITH_RUNS_MAX
        with self._files.file(name) as file:
            if not self._source.has_roots:
                return 0
            for value in root_values(self._consumer, export.kafka, export.topics, self._partition, last):
                file.write(value.replace(b"\n", b" ") + b"\n")
                written += 1
                self._note_root(value)
        return written

    def _note_root(self, value: bytes) -> None:
        try:
            root = decode_root(value)
        except CorruptLedger:
            return  # it is in the file as it is, and the check tells
        if root.ledger == self._ledger:
            self._newest = root
        if root.public_key:
            self._source.keys.add(bytes.fromhex(root.public_key))

    def _records(self, proofs: IO[bytes]) -> Iterator[RecordFrame]:
        """The records that are wanted; heads and proofs are noted on the way."""
        export = self._export
        proving = _Proving(export, self._proof_roots(), proofs) if export.tenant is not None else None
        seen = 0
        for message in read_partition(self._consumer, export.kafka, export.topics.ledger, self._partition):
            frame = RecordFrame(message.offset() or 0, _bytes(message.key()), _bytes(message.value()))
            if (seen := seen + 1) % 1_000 == 0:
                self._told(seen)
            head = self._head(frame.value)
            if proving is not None and head is not None:
                proving.feed(frame.offset, frame.key, head)
            if export.wants(frame.key):
                if head is not None:
                    self._heads[frame.key] = head
                yield frame
        if proving is not None:
            proving.finish()

    def _head(self, value: bytes) -> tuple[int, bytes] | None:
        """Number and hash of a record; None for what is none: the check tells."""
        try:
            body = self._export.framing.ledger_body(value)
            if value[:1] == CONFLUENT:
                self._source.schema_ids.add(int.from_bytes(value[1:CONFLUENT_BYTES], "big"))
            return decode_long(body, SEQUENCE_NO_AT)[0], body[:HASH_BYTES]
        except (InvalidEvent, IndexError):
            return None

    def _proof_roots(self) -> list[MerkleRoot]:
        """The newest root, and the newest that was kept elsewhere, in order."""
        anchored = (self._export.anchored or {}).get(self._ledger)
        wanted = {root.number: root for root in (anchored.newest if anchored else None, self._newest) if root}
        newest = self._newest.number if self._newest else 0
        return [root for number, root in sorted(wanted.items()) if number <= newest]


def _bytes(part: bytes | str | None) -> bytes:
    return part if isinstance(part, bytes) else b""


class _Proving:
    """Proofs of the wanted runs' heads in some roots, while the whole partition goes by."""

    def __init__(self, export: "EvidenceExport", roots: list[MerkleRoot], proofs: IO[bytes]) -> None:
        self._export = export
        self._roots = roots
        self._proofs = proofs
        self._tree = HeadTree()

    def feed(self, offset: int, key: bytes, head: tuple[int, bytes]) -> None:
        while self._roots and self._roots[0].ledger_offset < offset:
            self._prove(self._roots.pop(0))
        if self._roots:
            self._tree.put(key, *head)

    def finish(self) -> None:
        while self._roots:
            self._prove(self._roots.pop(0))

    def _prove(self, root: MerkleRoot) -> None:
        for key, count, head in self._tree:
            if self._export.wants(key):
                line = ProofLine(HeadLine.of(key, count, head), root.number, self._tree.prove(key))
                self._proofs.write(line.to_line())
