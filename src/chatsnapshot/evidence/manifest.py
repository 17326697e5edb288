"""`manifest.json` of an evidence: what it is of, what it holds, and the digest of each of its files."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from chatsnapshot.evidence.evidence_files import FileDigest
from chatsnapshot_schemas.errors import ConfigurationError

FORMAT = 1
WAITING_FILE = "waiting.jsonl"
"""Events that were held or in quarantine then, one finding a line."""
MANIFEST_BYTES_MAX = 64 * 1024 * 1024
"""A thousand partitions have four files each, at some hundred bytes."""


@dataclass(frozen=True, slots=True)
class PartitionFiles:
    """One ledger partition in an evidence."""

    partition: int
    end: int
    """The offset after the last record that the partition had."""
    records: int
    """In the evidence."""
    runs: int
    roots: int

    @property
    def records_file(self) -> str:
        """Raw records, as `record_frames` has them."""
        return f"partitions/{self.partition}/records"

    @property
    def heads_file(self) -> str:
        """One head a line."""
        return f"partitions/{self.partition}/heads.jsonl"

    @property
    def roots_file(self) -> str:
        """The values of topic `chatsnapshot.roots`, one a line."""
        return f"partitions/{self.partition}/roots.jsonl"

    @property
    def proofs_file(self) -> str:
        """Only where an evidence has some runs of a partition: that roots count their heads."""
        return f"partitions/{self.partition}/proofs.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything but the digests is a claim, which the check compares with the files."""

    format: int = FORMAT
    version: str
    """Of the product that wrote it."""
    made_at: int
    """When reading began, microseconds since 1970."""
    tenant: str | None
    """Only its runs; None: every tenant's."""
    run: str | None
    """Only this run; None: every run."""
    cluster_id: str
    ledger_topic: str
    ledger_topic_id: str
    partition_count: int
    partitions: tuple[PartitionFiles, ...]
    schema_ids: tuple[int, ...] = ()
    """Numbers of the ledger's schema in the registry that framed the records; empty without one."""
    files: dict[str, FileDigest] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether it has all records of its partitions, so that roots can be computed again."""
        return self.tenant is None

    def to_json(self) -> bytes:
        """The file's content."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False).encode() + b"\n"

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """From the file's content. Raises ConfigurationError."""
        try:
            plain: dict[str, Any] = json.loads(content)
            if plain.get("format") != FORMAT:
                raise ConfigurationError(
                    f"the manifest has format {plain.get('format')!r}; this version reads format {FORMAT}"
                )
            parts = tuple(PartitionFiles(**each) for each in plain.pop("partitions"))
            files = {str(name): FileDigest(**each) for name, each in plain.pop("files").items()}
            ids = tuple(int(each) for each in plain.pop("schema_ids"))
            return cls(partitions=parts, files=files, schema_ids=ids, **plain)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ConfigurationError(f"the manifest cannot be read: {error}") from None
