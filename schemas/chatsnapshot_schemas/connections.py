"""Where Kafka and ClickHouse are, and what the topics are called: values that every role is handed."""

from pydantic import BaseModel, ConfigDict


class KafkaConnection(BaseModel):
    """A broker and how to reach it."""

    model_config = ConfigDict(frozen=True)

    bootstrap_servers: str
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str | None = None
    username: str | None = None
    password: str | None = None
    ssl_ca_location: str | None = None

    def client_config(self) -> dict[str, str | int | float | bool]:
        """The connection part of a librdkafka configuration (confluent-kafka names)."""
        named = {
            "bootstrap.servers": self.bootstrap_servers,
            "security.protocol": self.security_protocol,
            "sasl.mechanism": self.sasl_mechanism,
            "sasl.username": self.username,
            "sasl.password": self.password,
            "ssl.ca.location": self.ssl_ca_location,
            # librdkafka 2.16 forgets the brokers it knows when all are down ("rebootstrap"); a transactional producer
            # then hangs for ever, timeouts or not (its issue 5511): every restart of a single broker would do it
            "metadata.recovery.strategy": "none",
        }
        return {name: value for name, value in named.items() if value is not None}


class ClickHouseConnection(BaseModel):
    """A ClickHouse HTTP endpoint and the database in it."""

    model_config = ConfigDict(frozen=True)

    url: str
    user: str = "default"
    password: str = ""
    database: str = "chatsnapshot"


class TopicNames(BaseModel):
    """The topics of one installation (DESIGN section 6), all below one prefix."""

    model_config = ConfigDict(frozen=True)

    prefix: str = "chatsnapshot"

    @property
    def events(self) -> str:
        """Proposed envelopes, by tenant and correlation."""
        return f"{self.prefix}.events"

    @property
    def ledger(self) -> str:
        """Recorded events: the public stream."""
        return f"{self.prefix}.ledger"

    @property
    def quarantine(self) -> str:
        """Original bytes of what could not be recorded."""
        return f"{self.prefix}.quarantine"

    @property
    def state(self) -> str:
        """What the sequencer must remember beyond ledger and quarantine (compacted)."""
        return f"{self.prefix}.state"

    @property
    def sequencer_group(self) -> str:
        """Consumer group of the sequencers on the events topic."""
        return f"{self.prefix}-sequencer"

    @property
    def sink_group(self) -> str:
        """Consumer group of the sinks on the ledger topic."""
        return f"{self.prefix}-sink"

    def all(self) -> tuple[str, str, str, str]:
        """Every topic of the installation."""
        return self.events, self.ledger, self.quarantine, self.state
