"""What a sequencer worker is told, as values."""

from dataclasses import dataclass, field
from pathlib import Path

from chatsnapshot_processors.core.policy import SequencingPolicy
from chatsnapshot_schemas.connections import KafkaConnection, TopicNames


@dataclass(frozen=True, slots=True)
class LaneLimits:
    """Bounds of one lane. The defaults keep a transaction far below its timeout and a lane below about 16 MiB."""

    batch_records_max: int = 5_000
    """Input records in one transaction."""
    batch_bytes_max: int = 8 * 1024 * 1024
    """Input bytes in one transaction; a single larger record still goes alone."""
    queued_fetches_max: int = 4
    """Fetches that wait for the lane; at the bound its partition is not fetched."""
    transaction_interval_s: float = 0.15
    """Least time between two transactions that are not full: small ones cost the broker as much as large ones."""
    transaction_timeout_s: float = 15.0
    """The broker ends a transaction that a dead process left open after this long; until then readers wait."""
    failures_max: int = 6
    """Failures in a row after which the worker gives up and its supervisor starts it anew."""
    stop_s: float = 5.0
    """How long a lane may take to finish or abort its transaction when its partition is taken away."""
    stuck_s: float = 90.0
    """A lane that has input and makes no progress for this long ends the process."""


@dataclass(frozen=True, slots=True)
class RootPolicy:
    """When a partition gets a signed Merkle root over its heads: only when something changed since the last."""

    interval_s: float = 60.0
    """So much of the tail at most is not proven yet."""
    records: int = 100_000
    """As many ledger offsets since the last root make one due earlier."""
    signing_key_file: Path | None = None
    """PEM of an Ed25519 key; None: roots are written, but not signed."""


@dataclass(frozen=True, slots=True)
class SequencerConfig:
    """Everything that `worker.run` needs."""

    kafka: KafkaConnection
    topics: TopicNames
    policy: SequencingPolicy
    data_dir: Path
    """Each worker takes a free numbered folder in it; what is in there is a cache and may be deleted while stopped."""
    registry_url: str | None = None
    app_id: str | None = None
    """Consumer group and beginning of the transactional ids; default `<topic prefix>-sequencer`."""
    session_timeout_s: float = 10.0
    """A worker that is silent for this long loses its partitions; Kafka's brokers allow 6 s and more by default."""
    metrics_port: int | None = None
    metrics_host: str = "127.0.0.1"
    instance_id: str | None = None
    """Static membership: unique per worker and stable over its restarts."""
    limits: LaneLimits = field(default_factory=LaneLimits)
    roots: RootPolicy = field(default_factory=RootPolicy)

    @property
    def group_id(self) -> str:
        """The consumer group."""
        return self.app_id or self.topics.sequencer_group

    @property
    def heartbeat_s(self) -> float:
        """A third of the session, as Kafka's clients do, so that two may be lost."""
        return min(3.0, self.session_timeout_s / 3)

    def transactional_id(self, partition: int) -> str:
        """One per input partition: its new owner fences the old one."""
        return f"{self.transactional_ids}{partition}"

    @property
    def transactional_ids(self) -> str:
        """What all of them begin with."""
        return f"{self.group_id}-"
