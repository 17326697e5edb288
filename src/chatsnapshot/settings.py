"""Settings: the environment, read once.

Every other module receives values. Names in the environment are the field names in upper case behind `CHATSNAPSHOT_`.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from chatsnapshot.secret_files import readable, with_secrets
from chatsnapshot_schemas.connections import (
    ClickHouseConnection,
    KafkaConnection,
    SaslMechanism,
    SecurityProtocol,
    TopicNames,
)


class Settings(BaseSettings):
    """What a process of ChatSnapshot is told from outside; unknown variables are ignored."""

    model_config = SettingsConfigDict(
        env_prefix="CHATSNAPSHOT_", env_ignore_empty=True, extra="ignore", frozen=True, populate_by_name=True
    )

    url: str | None = None
    """Where a Recorder sends: `kafka://host:port`, `http(s)://...`; unset: the running local stack."""
    data_dir: Path = Field(default_factory=lambda: Path.home() / ".chatsnapshot")
    """Folder of the local stack's data, of spools and of the sequencer's cache."""
    cache_dir: Path = Field(default_factory=lambda: Path.home() / ".cache" / "chatsnapshot")
    """What is downloaded once and shared by all data folders: Kafka's jars."""
    tenant: str = "default"
    """The tenant that is recorded for and read."""
    service: str | None = Field(
        default=None, validation_alias=AliasChoices("CHATSNAPSHOT_SERVICE", "OTEL_SERVICE_NAME")
    )
    """Name of the program that records; OTEL_SERVICE_NAME counts too; unset: the script's name."""
    api_key: str | None = Field(default=None, repr=False)
    """Key of the HTTP interface: a server asks for it, a client sends it."""
    api_key_file: Path | None = None
    """A file that holds the key, as Kubernetes and Docker mount secrets; so too the other `..._file` of a secret."""

    kafka_bootstrap_servers: str | None = None
    """`host:port[,host:port]` of the Kafka to use; unset: the embedded one."""
    kafka_security_protocol: SecurityProtocol = "PLAINTEXT"
    """How to talk to Kafka."""
    kafka_sasl_mechanism: SaslMechanism | None = None
    """How to prove who one is, with a SASL protocol."""
    kafka_username: str | None = None
    """Name for SASL."""
    kafka_password: str | None = Field(default=None, repr=False)
    """Its password."""
    kafka_password_file: Path | None = None
    """A file that holds it."""
    kafka_ca_file: Path | None = None
    """PEM of the authorities to trust; unset: the system's. So too for ClickHouse."""
    kafka_certificate_file: Path | None = None
    """PEM of the client's own certificate, for brokers that ask for one."""
    kafka_key_file: Path | None = None
    """PEM of the key of that certificate."""
    kafka_key_password: str | None = Field(default=None, repr=False)
    """What the key is encrypted with."""
    kafka_key_password_file: Path | None = None
    """A file that holds it."""
    kafka_verify_hostname: bool = True
    """Whether the broker's certificate must be for the name that is connected to."""

    clickhouse_url: str | None = None
    """`http(s)://host:port` of the ClickHouse to use; unset: the embedded one."""
    clickhouse_user: str = "default"
    """User of the ClickHouse that is named."""
    clickhouse_password: str = Field(default="", repr=False)
    """Its password."""
    clickhouse_password_file: Path | None = None
    """A file that holds it."""
    clickhouse_ca_file: Path | None = None
    """PEM of the authorities to trust for ClickHouse."""
    clickhouse_certificate_file: Path | None = None
    """PEM of the client's own certificate for ClickHouse."""
    clickhouse_key_file: Path | None = None
    """PEM of the key of that certificate."""
    clickhouse_database: str = "chatsnapshot"
    """Database of tables and views."""

    schema_registry_url: str | None = None
    """Confluent-compatible registry; set: values are framed and registered there."""
    blob_url: str | None = None
    """Where payloads above the cap go: a path, `file://`, `s3://`, ...; unset: `blobs` in the data folder."""
    topic_prefix: str = "chatsnapshot"
    """Beginning of the names of topics and consumer groups."""
    partitions: int = Field(default=8, ge=1, le=1024)
    """Partitions of every topic; fixed once they are made."""
    replication_factor: int = Field(default=1, ge=1)
    """Copies of every topic when it is made; 3 in production, then 2 must have a record before it counts."""

    hold_s: float = Field(default=30.0, gt=0)
    """How long an event waits for its cause or predecessor, in stream time."""
    cause_policy: Literal["record", "strict"] = "record"
    """A cause that does not come within the bound: record as unresolved, or quarantine."""
    held_events_per_correlation: int = Field(default=1_000, ge=1)
    """Events of one run that may wait; beyond it the oldest is recorded as at its bound."""
    held_bytes_per_correlation: int = Field(default=16 * 1024 * 1024, ge=1)
    """Their bytes."""
    held_events_per_partition: int = Field(default=20_000, ge=1)
    """Events of one partition that may wait."""
    held_bytes_per_partition: int = Field(default=256 * 1024 * 1024, ge=1)
    """Their bytes."""

    spool_dir: Path | None = None
    """Folder of the spools; unset: `spool` in the data folder."""
    spool_bytes_max: int = Field(default=1024 * 1024 * 1024, ge=1024 * 1024)
    """Bytes of events that are not acknowledged yet, per process."""
    spool_policy: Literal["block_then_drop", "raise", "block"] = "block_then_drop"
    """A full spool: wait a while, then drop and count; raise SpoolFull; wait for ever."""
    spool_block_s: float = Field(default=5.0, ge=0)
    """How long `record()` waits for room under `block_then_drop`."""
    spool_fsync: bool = False
    """Write every event through to the disk: then it survives the loss of power too."""
    flush_at_exit_s: float = Field(default=5.0, ge=0)
    """How long a process that ends waits for acknowledgements; the rest stays in the spool."""

    signing_key_file: Path | None = None
    """PEM of the Ed25519 key that the sequencer signs Merkle roots with; unset: they are written unsigned. The local
    stack makes one in its data folder."""
    root_interval_s: float = Field(default=60.0, ge=1)
    """A partition that got records gets a root so often."""
    root_records: int = Field(default=100_000, ge=1)
    """As many records make one due earlier."""

    source_report_every_s: float = Field(default=30.0, gt=0)
    """How often a process that records reports what it has numbered and sent, beside after a flush and at its end."""

    sink_batch_records: int = Field(default=50_000, ge=1)
    """Records of one insert at most."""
    sink_batch_bytes: int = Field(default=32 * 1024 * 1024, ge=1024)
    """Bytes of one insert at most."""
    session_timeout_s: float = Field(default=10.0, ge=6, le=1800)
    """A sequencer or sink that is silent for this long loses its partitions to others of its group. With a fixed
    instance id: longer than a restart takes. Kafka's brokers allow 6 s to 30 minutes by default."""
    metrics_host: str = "127.0.0.1"
    """Address that a sequencer or sink binds for metrics and probes; there is no key on that port."""

    http_host: str = "127.0.0.1"
    """Address that the HTTP server binds; beyond loopback it needs a key."""
    http_port: int = Field(default=8180, ge=0, le=65_535)
    """Its port; 0: any free one."""
    ingest_body_bytes_max: int = Field(default=16 * 1024 * 1024, ge=1024)
    """Bytes of one request with events, unpacked."""
    ingest_events_max: int = Field(default=10_000, ge=1)
    """Events of one request."""
    ingest_inflight_bytes_max: int = Field(default=64 * 1024 * 1024, ge=1024)
    """Bytes of requests on their way to the broker; beyond it new ones are told to come back."""
    ingest_inflight_requests_max: int = Field(default=256, ge=1)
    """Their number."""
    ingest_ack_s: float = Field(default=10.0, gt=0)
    """How long a request waits for the broker's acknowledgement before it says that the fate is unknown."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """What the daemons log."""

    @model_validator(mode="before")
    @classmethod
    def _secrets(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Passwords and keys that are in files. Raises ConfigurationError."""
        return with_secrets(values)

    def kafka(self) -> KafkaConnection | None:
        """The broker that the environment names, or None. Raises ConfigurationError."""
        if self.kafka_bootstrap_servers is None:
            return None
        connection = KafkaConnection(
            bootstrap_servers=self.kafka_bootstrap_servers,
            security_protocol=self.kafka_security_protocol,
            sasl_mechanism=self.kafka_sasl_mechanism,
            username=self.kafka_username,
            password=self.kafka_password,
            ca_file=readable("kafka_ca_file", self.kafka_ca_file),
            certificate_file=readable("kafka_certificate_file", self.kafka_certificate_file),
            key_file=readable("kafka_key_file", self.kafka_key_file),
            key_password=self.kafka_key_password,
            verify_hostname=self.kafka_verify_hostname,
        )
        connection.ssl_context()  # certificates that cannot be used are told now, in the words of the settings
        return connection

    def clickhouse(self) -> ClickHouseConnection | None:
        """The ClickHouse that the environment names, or None. Raises ConfigurationError."""
        if self.clickhouse_url is None:
            return None
        connection = ClickHouseConnection(
            url=self.clickhouse_url,
            user=self.clickhouse_user,
            password=self.clickhouse_password,
            database=self.clickhouse_database,
            ca_file=readable("clickhouse_ca_file", self.clickhouse_ca_file),
            certificate_file=readable("clickhouse_certificate_file", self.clickhouse_certificate_file),
            key_file=readable("clickhouse_key_file", self.clickhouse_key_file),
        )
        connection.ssl_context()
        return connection

    def topics(self) -> TopicNames:
        """The topics of this installation."""
        return TopicNames(prefix=self.topic_prefix)


def _named(part: str, *others: str) -> tuple[str, ...]:
    return tuple(name for name in Settings.model_fields if name.startswith(part) and name not in others)


KAFKA_SECURITY = _named("kafka_", "kafka_bootstrap_servers")
CLICKHOUSE_SECURITY = _named("clickhouse_", "clickhouse_url", "clickhouse_database")
"""Settings that say how to be let in; the embedded parts ask for none of them."""


def setting_errors(error: ValidationError) -> str:
    """What is wrong with which variable, in one line for a person."""
    return "; ".join(
        f"CHATSNAPSHOT_{'_'.join(map(str, each['loc'])).upper()}: {each['msg']} (it is {each['input']!r})"
        for each in error.errors(include_url=False)
    )
