"""What a sink worker is told: values only, with the reason of every default."""

from dataclasses import dataclass

from chatsnapshot_schemas.connections import ClickHouseConnection, KafkaConnection, TopicNames
from chatsnapshot_schemas.errors import ConfigurationError

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkConfig:
    """One sink worker. Raises ConfigurationError when the numbers do not fit together."""

    kafka: KafkaConnection
    clickhouse: ClickHouseConnection
    topics: TopicNames
    registry_url: str | None = None
    group: str = ""
    """Consumer group; empty: `<topic prefix>-sink`."""
    instance_id: str | None = None
    """Static membership: unique per running worker and the same after its restart, which then takes its partitions
    back at once instead of after `session_timeout_s`. A second process with the same id stops the first."""

    batch_records: int = 50_000
    """A batch is closed at this many records: enough for full speed of the engine, one second of its work."""
    batch_bytes: int = 32 * 1024 * 1024
    linger_s: float = 0.25
    """A record waits at least this long for company; longer when the inserts a second are used up."""
    inserts_per_s_max: float = 2.0
    """Of all ledger partitions of this worker together: every insert is a part in every table, to be merged later, and
    has a fixed price (planning the projections). What waits in different partitions goes in together."""
    upserts_per_s_max: float = 1.0
    """The same for the small tables (held, quarantine)."""
    inserts_in_flight_max: int = 2
    """Inserts at the same time: a slow one leaves room for another. More would only share the engine's cores and
    multiply its memory; the thread is free again while an insert waits for its next attempt."""
    buffered_bytes_max: int = 128 * 1024 * 1024
    """Nothing new is fetched while batches of this size in all are in memory (at most two a partition: one closed,
    one open). A predecessor's announced batch is read whatever is in memory: only as a whole can it go in."""

    insert_timeout_s: float = 60.0
    """Then the answer counts as lost and the same insert is sent again."""
    session_timeout_s: float = 10.0
    """A killed worker's partitions move after this long."""
    max_poll_interval_s: float = 300.0
    """Inserts run in threads, so the consumer polls all the time; this only finds a worker that hangs."""
    metrics_port: int | None = None
    """None: no metrics server; 0: any free port."""
    metrics_host: str = LOOPBACK

    def __post_init__(self) -> None:
        if not self.group:
            object.__setattr__(self, "group", self.topics.sink_group)
        if self.insert_timeout_s * 3 > self.max_poll_interval_s:
            raise ConfigurationError(
                f"insert_timeout_s={self.insert_timeout_s:g} must be below a third of "
                f"max_poll_interval_s={self.max_poll_interval_s:g}"
            )
        for name in ("batch_records", "batch_bytes", "inserts_per_s_max", "upserts_per_s_max", "inserts_in_flight_max"):
            if getattr(self, name) <= 0:
                raise ConfigurationError(f"{name} must be above 0")
