"""What Kafka's client complains about: most of it heals by itself, some of it ends the worker."""

import logging
import time

from confluent_kafka import KafkaError

from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import AlreadyRunning, ChatSnapshotError, ConfigurationError, FatalError
from chatsnapshot_schemas.kafka_access import refusal

log = logging.getLogger(__name__)

LOG_AGAIN_AFTER_S = 30.0
"""The client repeats the same trouble several times a second."""

FENCED = (
    "another sink runs under the same instance id, or this one joined twice while the broker stood still (then a new "
    "start helps)"
)
"""The broker stalls, a request to join times out here and is answered there: the next one comes from a stranger."""
_MISCONFIGURED = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.INCONSISTENT_GROUP_PROTOCOL,
        KafkaError._AUTHENTICATION,
    }
)


class ClientTrouble:
    """Collects what the client reports by callback or in place of a message."""

    def __init__(self, kafka: KafkaConnection | None = None) -> None:
        self._kafka = kafka
        self.failure: ChatSnapshotError | None = None
        """The first complaint after which the worker must end."""
        self._logged_at: dict[int, float] = {}

    def report(self, error: KafkaError) -> None:
        """Remember what is fatal, log the rest now and then."""
        refused = refusal(self._kafka, error) if self._kafka else None
        if refused is not None:
            self._fail(refused)
        elif error.code() == KafkaError.FENCED_INSTANCE_ID or "fenced" in error.str().lower():
            self._fail(AlreadyRunning(f"{FENCED}: {error.str()}"))
        elif error.code() in _MISCONFIGURED:
            self._fail(ConfigurationError(f"Kafka refuses the sink: {error.str()}"))
        elif error.fatal():
            self._fail(FatalError(f"Kafka's client gave up: {error.str()}"))
        elif self._is_news(error.code()):
            log.warning("Kafka: %s", error.str())

    def _fail(self, failure: ChatSnapshotError) -> None:
        self.failure = self.failure or failure

    def _is_news(self, code: int) -> bool:
        now = time.monotonic()
        if now < self._logged_at.get(code, float("-inf")) + LOG_AGAIN_AFTER_S:
            return False
        self._logged_at[code] = now
        return True
