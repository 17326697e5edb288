"""Topic `chatsnapshot.roots` as a lane finds it: whether it can be written, and the last root in it."""

import logging
from dataclasses import dataclass
from threading import Lock
from time import monotonic

from confluent_kafka import KafkaException, TopicCollection

from chatsnapshot_processors.topic_reading import PartitionReader
from chatsnapshot_schemas.errors import AccessRefused, CorruptLedger
from chatsnapshot_schemas.kafka_access import Access
from chatsnapshot_schemas.kafka_admin import LastingAdmin
from chatsnapshot_schemas.kafka_rights import require_access
from chatsnapshot_schemas.roots import MerkleRoot, decode_root

log = logging.getLogger(__name__)

_TIMEOUT_S = 15.0
_LOOK_BACK = (16, 1_024)
"""Offsets from the end at which the last root is looked for, a root's transaction uses two; then everywhere."""


class RootTopic:
    """Shared by the lanes of a worker."""

    def __init__(self, admin: LastingAdmin, name: str) -> None:
        self.name = name
        self._admin = admin
        self._warned = False
        self._rest_until: dict[int, float] = {}
        self._lock = Lock()

    def failed(self, partition: int, rest_s: float) -> None:
        """A root could not be written: the lane begins again, and shall sequence for a while before it tries again."""
        self._rest_until[partition] = monotonic() + rest_s

    def rest_until(self, partition: int) -> float:
        """Not before this, by the monotonic clock."""
        return self._rest_until.get(partition, 0.0)

    def is_usable(self, partitions: int) -> bool:
        """Whether roots can be written; if not, one warning says why. Raises BrokerUnavailable."""
        why = self._why_not(partitions)
        with self._lock:
            if why and not self._warned:
                log.warning("no signed roots are written, so a cut tail cannot be proven: %s", why)
            self._warned = bool(why)
        return not why

    def _why_not(self, partitions: int) -> str:
        try:
            with self._admin.asked() as admin:
                require_access(admin, [Access("Read", "topic", self.name), Access("Write", "topic", self.name)])
                described = admin.describe_topics(TopicCollection([self.name]), request_timeout=_TIMEOUT_S)
                found = len(described[self.name].result().partitions)
        except AccessRefused as error:
            return str(error)
        except KafkaException as error:
            return f"topic {self.name}: {error.args[0].str()} (`chatsnapshot migrate` makes it)"
        if found != partitions:
            return f"topic {self.name} has {found} partitions, the ledger {partitions}: run `chatsnapshot migrate`"
        return ""


@dataclass(frozen=True, slots=True)
class LedgerPlace:
    """Which ledger partition roots are of."""

    cluster_id: str
    topic: str
    topic_id: str
    partition: int
    partitions: int

    @property
    def ledger(self) -> tuple[str, str, int]:
        """As `MerkleRoot.ledger`."""
        return self.cluster_id, self.topic_id, self.partition


def last_root(reader: PartitionReader, topic: str, partition: int) -> MerkleRoot | None:
    """The partition's last root; None before its first. What is no root is passed over."""
    low, high = reader.watermarks(topic, partition)
    for back in (*_LOOK_BACK, high - low):
        start = max(low, high - back)
        found = _last_from(reader, topic, partition, start)
        if found is not None or start == low:
            return found
    return None


def _last_from(reader: PartitionReader, topic: str, partition: int, start: int) -> MerkleRoot | None:
    found = None
    for chunk in reader.read(topic, partition, start):
        for message in chunk:
            try:
                root = decode_root(message.value() or b"")
            except CorruptLedger as error:
                log.warning("%s-%d, offset %s: %s", topic, partition, message.offset(), error)
                continue
            found = root if root.partition == partition else found
    return found


def check_ledger_holds(last: MerkleRoot | None, place: LedgerPlace, ledger_offset: int) -> None:
    """Raise CorruptLedger when the last root counts records that the ledger, which ends at this offset, lost."""
    if last is not None and last.ledger == place.ledger and last.ledger_offset > ledger_offset:
        raise CorruptLedger(
            f"{place.topic}-{place.partition} ends at offset {ledger_offset}, but root {last.number} counts records up "
            f"to {last.ledger_offset}: the ledger lost its tail. Restore it, or, to go on without what is lost, keep a "
            "copy of the roots and begin them anew: `chatsnapshot evidence restart`"
        )
