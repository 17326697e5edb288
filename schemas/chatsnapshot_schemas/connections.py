"""Where Kafka and ClickHouse are, and what the topics are called: values that every role is handed."""

import ssl
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from chatsnapshot_schemas.errors import ConfigurationError

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
DEFAULT_MECHANISM: SaslMechanism = "SCRAM-SHA-512"
"""The strongest of those that librdkafka and aiokafka both have without further packages."""
RECONNECT_MAX_MS = 1_000
"""Between two attempts to reach a broker that is away, as Kafka's Java clients wait."""
HTTP_PORT, HTTPS_PORT = 8123, 8443
"""ClickHouse's own."""


class KafkaConnection(BaseModel):
    """A broker and how to reach it; the one place that says so to librdkafka and to aiokafka.

    Raises ConfigurationError for a combination that would connect less safely than it looks, or not at all.
    """

    model_config = ConfigDict(frozen=True)

    bootstrap_servers: str
    security_protocol: SecurityProtocol = "PLAINTEXT"
    sasl_mechanism: SaslMechanism | None = None
    """None: DEFAULT_MECHANISM, where the protocol has SASL."""
    username: str | None = None
    password: str | None = Field(default=None, repr=False)
    ca_file: str | None = None
    """PEM; None: what the system trusts."""
    certificate_file: str | None = None
    """PEM, the client's own, with the chain up to the authority."""
    key_file: str | None = None
    key_password: str | None = Field(default=None, repr=False)
    verify_hostname: bool = True

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.has_sasl and not (self.username and self.password):
            raise _misfit(f"KAFKA_SECURITY_PROTOCOL={self.security_protocol} needs", "KAFKA_USERNAME", "KAFKA_PASSWORD")
        if not self.has_sasl and (self.username or self.password or self.sasl_mechanism):
            raise _misfit("a user name, password or mechanism is sent only with", "KAFKA_SECURITY_PROTOCOL=SASL_SSL")
        if not self.has_tls and (self.ca_file or self.certificate_file or self.key_file):
            raise _misfit("certificates are looked at only with", "KAFKA_SECURITY_PROTOCOL=SSL or SASL_SSL")
        if bool(self.certificate_file) != bool(self.key_file):
            raise _misfit("a client certificate needs both", "KAFKA_CERTIFICATE_FILE", "KAFKA_KEY_FILE")
        return self

    @property
    def has_tls(self) -> bool:
        """Whether what is sent is encrypted."""
        return self.security_protocol in ("SSL", "SASL_SSL")

    @property
    def has_sasl(self) -> bool:
        """Whether a user name and password are sent."""
        return self.security_protocol in ("SASL_PLAINTEXT", "SASL_SSL")

    @property
    def mechanism(self) -> SaslMechanism | None:
        """The SASL mechanism; None without SASL."""
        return (self.sasl_mechanism or DEFAULT_MECHANISM) if self.has_sasl else None

    @property
    def principal(self) -> str:
        """Who the broker takes this client for, as its ACLs name it; with certificates only, the broker decides."""
        if self.username:
            return f"User:{self.username}"
        return "the principal of the client's certificate" if self.certificate_file else "User:ANONYMOUS"

    def client_config(self, *, transactional: bool = False) -> dict[str, str | int | float | bool]:
        """The connection part of a librdkafka configuration (confluent-kafka names), of a `transactional` producer?"""
        named = {
            "bootstrap.servers": self.bootstrap_servers,
            "security.protocol": self.security_protocol,
            "sasl.mechanism": self.mechanism,
            "sasl.username": self.username,
            "sasl.password": self.password,
            "ssl.ca.location": self.ca_file,
            "ssl.certificate.location": self.certificate_file,
            "ssl.key.location": self.key_file,
            "ssl.key.password": self.key_password,
            "ssl.endpoint.identification.algorithm": _identification(self) if self.has_tls else None,
            # 10 s would be the client's own: a broker that is back is found again within this
            "reconnect.backoff.max.ms": RECONNECT_MAX_MS,
            # docs/decisions/0021: whoever must not forget its brokers, and who must be able to find them again
            "metadata.recovery.strategy": "none" if transactional else "rebootstrap",
        }
        return {name: value for name, value in named.items() if value is not None}

    def ssl_context(self) -> ssl.SSLContext | None:
        """The same for a client of Python's ssl module (aiokafka); None without TLS. Raises ConfigurationError."""
        if not self.has_tls:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            context.check_hostname = self.verify_hostname
            if self.certificate_file:
                # a function: with None, OpenSSL would ask on the terminal for the password of an encrypted key
                context.load_cert_chain(self.certificate_file, self.key_file, lambda: self.key_password or "")
        except OSError as error:  # ssl.SSLError is one
            raise ConfigurationError(
                f"the certificates for Kafka cannot be used ({error}): check CHATSNAPSHOT_KAFKA_CA_FILE, "
                "CHATSNAPSHOT_KAFKA_CERTIFICATE_FILE, CHATSNAPSHOT_KAFKA_KEY_FILE and CHATSNAPSHOT_KAFKA_KEY_PASSWORD"
            ) from error
        return context


def _identification(kafka: KafkaConnection) -> str:
    return "https" if kafka.verify_hostname else "none"


def _misfit(what: str, *settings: str) -> ConfigurationError:
    return ConfigurationError(f"{what} {' and '.join(f'CHATSNAPSHOT_{name}' for name in settings)}")


class ClickHouseConnection(BaseModel):
    """A ClickHouse HTTP endpoint and the database in it."""

    model_config = ConfigDict(frozen=True)

    url: str
    user: str = "default"
    password: str = Field(default="", repr=False)
    database: str = "chatsnapshot"
    ca_file: str | None = None
    """PEM, for https; None: the authorities that the client library brings."""
    certificate_file: str | None = None
    key_file: str | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.ca_file or self.certificate_file or self.key_file) and not self.url.startswith("https://"):
            raise _misfit(f"certificates are looked at only with https, not with {self.url}: set", "CLICKHOUSE_URL")
        if bool(self.certificate_file) != bool(self.key_file):
            raise _misfit("a client certificate needs both", "CLICKHOUSE_CERTIFICATE_FILE", "CLICKHOUSE_KEY_FILE")
        return self

    @property
    def address(self) -> str:
        """scheme://host:port; without a port it is ClickHouse's own, 8123 or 8443 with https."""
        parts = urlsplit(self.url)
        port = parts.port or (HTTPS_PORT if parts.scheme == "https" else HTTP_PORT)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host}:{port}{parts.path.rstrip('/')}"

    def client_options(self) -> dict[str, Any]:
        """Address, account and certificates as `clickhouse_connect.get_client` takes them; the database is not in."""
        named = {
            "dsn": self.url,
            "interface": urlsplit(self.url).scheme,  # it takes the port from a dsn, and not the scheme
            "username": self.user,
            "password": self.password,
            "ca_cert": self.ca_file,
            "client_cert": self.certificate_file,
            "client_cert_key": self.key_file,
            # a certificate beside a password is for the connection; without one it is the account's proof
            "tls_mode": ("strict" if self.password else "mutual") if self.certificate_file else None,
        }
        return {name: value for name, value in named.items() if value is not None}

    def ssl_context(self) -> ssl.SSLContext | None:
        """The same for other HTTP clients; None without https. Raises ConfigurationError."""
        if not self.url.startswith("https://"):
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            if self.certificate_file:
                context.load_cert_chain(self.certificate_file, self.key_file, lambda: "")
        except OSError as error:
            raise ConfigurationError(
                f"the certificates for ClickHouse cannot be used ({error}): check CHATSNAPSHOT_CLICKHOUSE_CA_FILE, "
                "CHATSNAPSHOT_CLICKHOUSE_CERTIFICATE_FILE and CHATSNAPSHOT_CLICKHOUSE_KEY_FILE"
            ) from error
        return context


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
    def sources(self) -> str:
        """What producers report to have sent, by instance (compacted)."""
        return f"{self.prefix}.sources"

    @property
    def roots(self) -> str:
        """Signed Merkle roots over the heads of each ledger partition."""
        return f"{self.prefix}.roots"

    @property
    def sequencer_group(self) -> str:
        """Consumer group of the sequencers on the events topic."""
        return f"{self.prefix}-sequencer"

    @property
    def sink_group(self) -> str:
        """Consumer group of the sinks on the ledger topic."""
        return f"{self.prefix}-sink"

    def sequenced(self) -> tuple[str, str, str, str]:
        """The topics whose partition numbers correspond: the sequencer's input and outputs."""
        return self.events, self.ledger, self.quarantine, self.state

    def all(self) -> tuple[str, ...]:
        """Every topic of the installation."""
        return *self.sequenced(), self.sources, self.roots
