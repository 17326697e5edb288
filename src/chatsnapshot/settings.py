"""Settings: the environment, read once.

Every other module receives values. Names in the environment are the field names in upper case behind `CHATSNAPSHOT_`.
"""

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from chatsnapshot_schemas.connections import ClickHouseConnection, KafkaConnection, TopicNames


class Settings(BaseSettings):
    """What a process of ChatSnapshot is told from outside; unknown variables are ignored."""

    model_config = SettingsConfigDict(env_prefix="CHATSNAPSHOT_", extra="ignore", frozen=True, populate_by_name=True)

    url: str | None = None
    """Where a Recorder sends: `kafka://host:port`, `http(s)://...`; unset: the running local stack."""
    data_dir: Path = Field(default_factory=lambda: Path.home() / ".chatsnapshot")
    cache_dir: Path = Field(default_factory=lambda: Path.home() / ".cache" / "chatsnapshot")
    """What is downloaded once and shared by all data folders: Kafka's jars."""
    tenant: str = "default"
    service: str | None = Field(
        default=None, validation_alias=AliasChoices("CHATSNAPSHOT_SERVICE", "OTEL_SERVICE_NAME")
    )
    api_key: str | None = None

    kafka_bootstrap_servers: str | None = None
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: str | None = None
    kafka_username: str | None = None
    kafka_password: str | None = None
    kafka_ssl_ca_location: str | None = None

    clickhouse_url: str | None = None
    clickhouse_user: str = "default"
    clickhouse_password: str = ""
    clickhouse_database: str = "chatsnapshot"

    schema_registry_url: str | None = None
    blob_url: str | None = None
    topic_prefix: str = "chatsnapshot"
    partitions: int = Field(default=8, ge=1, le=1024)
    replication_factor: int = Field(default=1, ge=1)

    hold_s: float = Field(default=30.0, gt=0)
    """How long an event waits for its cause or predecessor, in stream time."""
    cause_policy: Literal["record", "strict"] = "record"
    held_events_per_correlation: int = Field(default=1_000, ge=1)
    held_bytes_per_correlation: int = Field(default=16 * 1024 * 1024, ge=1)
    held_events_per_partition: int = Field(default=20_000, ge=1)
    held_bytes_per_partition: int = Field(default=256 * 1024 * 1024, ge=1)

    spool_dir: Path | None = None
    spool_bytes_max: int = Field(default=1024 * 1024 * 1024, ge=1024 * 1024)
    spool_policy: Literal["block_then_drop", "raise", "block"] = "block_then_drop"
    spool_block_s: float = Field(default=5.0, ge=0)
    """How long `record()` waits for room under `block_then_drop`."""
    spool_fsync: bool = False
    flush_at_exit_s: float = Field(default=5.0, ge=0)
    """How long a process that ends waits for acknowledgements; the rest stays in the spool."""

    sink_batch_records: int = Field(default=50_000, ge=1)
    sink_batch_bytes: int = Field(default=32 * 1024 * 1024, ge=1024)

    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8180, ge=0, le=65_535)
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    def kafka(self) -> KafkaConnection | None:
        """The broker that the environment names, or None."""
        if self.kafka_bootstrap_servers is None:
            return None
        return KafkaConnection(
            bootstrap_servers=self.kafka_bootstrap_servers,
            security_protocol=self.kafka_security_protocol,
            sasl_mechanism=self.kafka_sasl_mechanism,
            username=self.kafka_username,
            password=self.kafka_password,
            ssl_ca_location=self.kafka_ssl_ca_location,
        )

    def clickhouse(self) -> ClickHouseConnection | None:
        """The ClickHouse that the environment names, or None."""
        if self.clickhouse_url is None:
            return None
        return ClickHouseConnection(
            url=self.clickhouse_url,
            user=self.clickhouse_user,
            password=self.clickhouse_password,
            database=self.clickhouse_database,
        )

    def topics(self) -> TopicNames:
        """The topics of this installation."""
        return TopicNames(prefix=self.topic_prefix)


def setting_errors(error: ValidationError) -> str:
    """What is wrong with which variable, in one line for a person."""
    return "; ".join(
        f"CHATSNAPSHOT_{'_'.join(map(str, each['loc'])).upper()}: {each['msg']} (it is {each['input']!r})"
        for each in error.errors(include_url=False)
    )
