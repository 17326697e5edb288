"""From an input record to an event the decision table can look at, or the reason why it is none.

Needs no sequencing state, so it comes before anything is changed: a registry that does not answer raises here, and the
very same record can be tried again.
"""

from functools import lru_cache

from chatsnapshot_processors.core.incoming import CauseKind, Incoming, Refusal
from chatsnapshot_processors.core.record_size import refusal_of_size
from chatsnapshot_processors.core.records import InputRecord
from chatsnapshot_processors.core.same_fact import fact_digest
from chatsnapshot_schemas.codec import decode_plain
from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.headers import CONTROL, REDRIVE, TICK
from chatsnapshot_schemas.partitioning import message_key, partition_of
from chatsnapshot_schemas.reasons import Reason
from chatsnapshot_schemas.rules import Plain, check_content, check_identity, check_sender
from chatsnapshot_schemas.state_entries import Headers, HeldEvent

PARTITIONS_CACHED_MAX = 65_536
"""Correlations whose partition is remembered: hashing a key costs more than all other checks together."""
SENDERS_CACHED_MAX = 16_384
"""Valid combinations of tenant, correlation and source that are remembered: they come again with most events."""


def is_tick(record: InputRecord) -> bool:
    """Whether a record only moves stream time. One with a value is no tick whatever its headers say: it would be
    lost."""
    return not record.value and (CONTROL, TICK) in record.headers


def is_redriven(headers: Headers) -> bool:
    """Whether a record comes back from quarantine."""
    return any(name == REDRIVE for name, _ in headers)


class Reader:
    """Reads the input records of one partition."""

    def __init__(self, *, partition: int, partitions: int, epoch: int, framing: Framing) -> None:
        self._partition = partition
        self._epoch = epoch
        self._framing = framing

        @lru_cache(maxsize=PARTITIONS_CACHED_MAX)
        def home(tenant_id: str, correlation_id: str) -> tuple[bytes, int]:
            """Message key and partition of a correlation."""
            key = message_key(tenant_id, correlation_id)
            return key, partition_of(key, partitions)

        self._home = home
        self._check_sender = lru_cache(maxsize=SENDERS_CACHED_MAX)(check_sender)

    def read(self, record: InputRecord) -> Incoming | Refusal:
        """The event, or a Refusal when ids or source cannot be relied on (such an event uses up no number).

        A readable event that breaks another rule carries its refusal. Raises RegistryUnavailable.
        """
        if (refusal := refusal_of_size(record)) is not None:
            return refusal
        try:
            content = self._content(record)
            check_identity(content[0], self._check_sender)
        except InvalidEvent as error:
            return Refusal(error.reason, str(error))
        key, home = self._home(content[0]["tenant_id"], content[0]["correlation_id"])
        if home != self._partition:
            return Refusal(Reason.MISROUTED, f"{key.decode()} belongs to partition {home}")
        event = _identified(record, key, content, self._epoch, self._partition)
        try:
            check_content(content[0])
        except InvalidEvent as error:
            event.refusal = Refusal(error.reason, str(error))
        else:
            _complete(event, content[0])
        return event

    def held(self, held: HeldEvent) -> Incoming:
        """An event that was held: checked when it came, under the epoch and partition it came from."""
        record = InputRecord(held.input_offset, held.appended_at, held.key, held.value, held.headers)
        content = self._content(record)
        key, _ = self._home(content[0]["tenant_id"], content[0]["correlation_id"])
        event = _identified(record, key, content, held.input_epoch, held.input_partition)
        _complete(event, content[0])
        event.content = None
        return event

    def content(self, event: Incoming) -> tuple[Plain, bytes]:
        """Plain fields and Avro body of an event that was read before."""
        return event.content or self._content(event.record)

    def _content(self, record: InputRecord) -> tuple[Plain, bytes]:
        body = self._framing.envelope_body(record.value)
        return decode_plain(body), body


def _identified(
    record: InputRecord, correlation: bytes, content: tuple[Plain, bytes], epoch: int, partition: int
) -> Incoming:
    plain = content[0]
    number = plain["source_seq"]
    return Incoming(
        record,
        epoch,
        partition,
        correlation,
        plain["event_id"],
        None if number is None else (correlation, plain["source"]["instance"]),
        -1 if number is None else number,
        bool(record.headers) and is_redriven(record.headers),
        content,
    )


def _complete(event: Incoming, plain: Plain) -> None:
    event.digest = fact_digest(plain)
    if plain["causation_id"] is not None:
        event.cause, event.causes = _causes(plain)


def _causes(plain: Plain) -> tuple[CauseKind, tuple[str, ...]]:
    """How the cause is recorded when all is well, and the local causes: those that live in this correlation.

    A `causation_correlation_id` that names the event's own correlation makes the cause local like none.
    """
    further = plain["caused_by"]
    if plain["causation_correlation_id"] not in (None, plain["correlation_id"]):
        return "external", tuple(dict.fromkeys(further))
    first = plain["causation_id"]
    return "linked", tuple(dict.fromkeys((first, *further))) if further else (first,)
