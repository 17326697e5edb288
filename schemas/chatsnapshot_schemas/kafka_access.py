"""Why Kafka lets a client in or not: passwords, certificates and ACLs, in one line with what to do about it.

A broker that refuses a password or certificate never answers the request: the client hears it beside (`error_cb`), and
the request itself only runs out of time. So whoever asks listens, and looks here when no answer came.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import AccessRefused, BrokerUnavailable

ResourceKind = Literal["topic", "group", "transactional-id"]
ASK_AGAIN_S = 0.5
"""A refusal is heard some tenths of a second after the first connection."""
_PASSWORD = frozenset({"_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED", "UNSUPPORTED_SASL_MECHANISM"})
_HANDSHAKE = frozenset({"_SSL", "_TRANSPORT"})
"""A broker that misses the client's certificate says so only as it hangs up."""
_DENIED = frozenset(
    {
        "TOPIC_AUTHORIZATION_FAILED",
        "GROUP_AUTHORIZATION_FAILED",
        "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
        "CLUSTER_AUTHORIZATION_FAILED",
    }
)


class ClientError(Protocol):
    """A `confluent_kafka.KafkaError`, as far as it is looked at here."""

    def name(self) -> str:
        """The stable name of its code."""

    def str(self) -> "str":
        """What happened, for people."""


class AskingClient(Protocol):
    """A confluent-kafka client of any kind that can be asked for metadata."""

    def list_topics(self, *args: Any, **kwargs: Any) -> Any:
        """Cluster metadata."""

    def poll(self, timeout: float = ...) -> Any:
        """Serve callbacks."""


@dataclass(frozen=True, slots=True)
class Access:
    """One thing that a client wants to do, in the words of Kafka's ACLs (`Read`, `Write`, `Describe`, ...)."""

    operation: str
    kind: ResourceKind
    name: str
    prefixed: bool = False
    """Whether the ACL is for everything that begins with the name."""

    def __str__(self) -> str:
        return f"{self.operation} of {self.kind} {self.name}"

    @property
    def options(self) -> str:
        """As `kafka-acls.sh` is told."""
        pattern = " --resource-pattern-type prefixed" if self.prefixed else ""
        return f"--operation {self.operation} --{self.kind} {self.name}{pattern}"


class HeardErrors:
    """The `error_cb` of one client: what it said last, and whether the broker refuses it for good.

    To be given as `"error_cb": heard`: the client calls it with each error while it is polled.
    """

    def __init__(self, kafka: KafkaConnection) -> None:
        self._kafka = kafka
        self.refusal: AccessRefused | None = None
        self.last = ""
        """What went wrong last; "all brokers are down" only follows from it."""

    def __call__(self, error: ClientError) -> None:
        """Take note."""
        if error.name() != "_ALL_BROKERS_DOWN" or not self.last:
            self.last = error.str()
        self.refusal = self.refusal or refusal(self._kafka, error)

    def forget(self) -> None:
        """Begin anew: what was heard before may be mended by now."""
        self.refusal, self.last = None, ""

    def unavailable(self, said: str) -> AccessRefused | BrokerUnavailable:
        """What to raise when a request failed with these words: the refusal behind it, if one was heard."""
        return self.refusal or unreachable(self._kafka, self.last or said)


def refusal(kafka: KafkaConnection, error: ClientError, wanted: Access | None = None) -> AccessRefused | None:
    """The error that a person can act on, when this is the broker's or the client's no; None for anything else.

    `wanted`: what was tried, if that is known; then the message has the ACL that is missing.
    """
    name, said = error.name(), error.str()
    if name in _PASSWORD:
        return AccessRefused(
            f"Kafka at {kafka.bootstrap_servers} does not let {kafka.principal} in ({said}); check "
            "CHATSNAPSHOT_KAFKA_USERNAME, CHATSNAPSHOT_KAFKA_PASSWORD and CHATSNAPSHOT_KAFKA_SASL_MECHANISM"
        )
    if name in _HANDSHAKE and "certificate" in said:
        return AccessRefused(
            f"no trusted connection to Kafka at {kafka.bootstrap_servers} ({said}); check CHATSNAPSHOT_KAFKA_CA_FILE, "
            "the broker's name in CHATSNAPSHOT_KAFKA_BOOTSTRAP_SERVERS and CHATSNAPSHOT_KAFKA_CERTIFICATE_FILE"
        )
    if name in _DENIED:
        return AccessRefused(
            f"{_denies(kafka)} {f'{wanted} ' if wanted else ''}({said}){_missing(kafka, (wanted,) if wanted else ())}"
        )
    return None


def denied(kafka: KafkaConnection, missing: Iterable[Access]) -> AccessRefused:
    """ACLs that are known to be missing."""
    listed = tuple(missing)
    return AccessRefused(f"{_denies(kafka)} {', '.join(map(str, listed))}{_missing(kafka, listed)}")


def _denies(kafka: KafkaConnection) -> str:
    return f"Kafka at {kafka.bootstrap_servers} denies {kafka.principal}"


def _missing(kafka: KafkaConnection, missing: tuple[Access, ...]) -> str:
    """The ACLs as the tool takes them, and where all of them are."""
    who = f"kafka-acls.sh --add --allow-principal {kafka.principal}"
    commands = "".join(f"; {who} {access.options}" for access in missing)
    return f"{commands}; `chatsnapshot acls` prints what every role needs"


def unreachable(kafka: KafkaConnection, said: str) -> BrokerUnavailable:
    """Nothing answers; a broker that expects other security often just hangs up."""
    security = f"as {kafka.security_protocol}"
    return BrokerUnavailable(
        f"Kafka at {kafka.bootstrap_servers} does not answer {security} ({said or 'timed out'}); check "
        "CHATSNAPSHOT_KAFKA_BOOTSTRAP_SERVERS and CHATSNAPSHOT_KAFKA_SECURITY_PROTOCOL, "
        "or start the local stack: chatsnapshot up"
    )


def wait_for_answer(client: AskingClient, heard: HeardErrors, within_s: float) -> Any:
    """The cluster's metadata. Raises AccessRefused as soon as it is heard, BrokerUnavailable after `within_s`."""
    from confluent_kafka import KafkaException

    heard.forget()
    deadline = time.monotonic() + within_s
    while True:
        left_s = deadline - time.monotonic()
        try:
            return client.list_topics(timeout=max(min(left_s, ASK_AGAIN_S), 0.01))
        except KafkaException as error:
            client.poll(0)
            if heard.refusal or left_s <= ASK_AGAIN_S:
                raise heard.unavailable(error.args[0].str()) from error
