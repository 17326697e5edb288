"""Source numbers that only the topics have: held events, numbers that were used up, records the sink has yet to do."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Message

from chatsnapshot.completeness.number_sets import of_numbers, of_ranges
from chatsnapshot.completeness.reconciliation import Source
from chatsnapshot.completeness.scope import Scope
from chatsnapshot.completeness.stages import Behind
from chatsnapshot.kafka.admin import partition_count
from chatsnapshot.kafka.partition_log import read_partition, reader
from chatsnapshot_schemas.codec import decode_ledger_plain, decode_plain
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.state_entries import HELD, USED, NumberRanges, decode_held, decode_used, used_whose

UNPROJECTED_MAX = 100_000
"""Records beyond the tables that are read; more than that, and it is said how many are left."""


@dataclass(slots=True)
class StateNumbers:
    """What the state topic says now."""

    held: dict[Source, NumberRanges] = field(default_factory=dict)
    used: dict[Source, NumberRanges] = field(default_factory=dict)
    held_unnumbered: int = 0
    """Events that wait and have no source number."""


def state_numbers(kafka: KafkaConnection, topic: str, framing: Framing, scope: Scope) -> StateNumbers:
    """Read the state topic, which is small. Raises BrokerUnavailable, AccessRefused."""
    found = StateNumbers()
    numbers: dict[Source, list[int]] = {}
    for key, value in _latest(kafka, topic):
        if key.startswith(USED.encode()):
            tenant, correlation, instance = used_whose(key)
            source = Source(tenant, instance, correlation)
            if scope.has_source(source):
                found.used[source] = of_ranges(decode_used(value))
            continue
        owner, number = _numbered(decode_plain(framing.envelope_body(decode_held(value).value)))
        if scope.has_source(owner):
            if number is None:
                found.held_unnumbered += 1
            else:
                numbers.setdefault(owner, []).append(number)
    found.held = {source: of_numbers(each) for source, each in numbers.items()}
    return found


@dataclass(slots=True)
class TopicNumbers:
    """Records of the ledger topic that the tables do not have yet."""

    numbers: dict[Source, NumberRanges] = field(default_factory=dict)
    unread: int = 0
    """Offsets beyond UNPROJECTED_MAX."""


def unprojected_numbers(kafka: KafkaConnection, behind: Behind, framing: Framing, scope: Scope) -> TopicNumbers:
    """Read what the sink has not done. Raises BrokerUnavailable, AccessRefused."""
    numbers: dict[Source, list[int]] = {}
    read = 0
    with closing(reader(kafka)) as consumer:
        for partition, start in behind.done.items():
            for message in read_partition(consumer, kafka, behind.stage.topic, partition, start):
                if read == UNPROJECTED_MAX:
                    break
                read += 1
                source, number = _recorded(message, framing)
                if number is not None and scope.has_source(source):
                    numbers.setdefault(source, []).append(number)
    unread = behind.left - read if read == UNPROJECTED_MAX else 0
    return TopicNumbers({source: of_numbers(each) for source, each in numbers.items()}, unread)


def _latest(kafka: KafkaConnection, topic: str) -> Iterator[tuple[bytes, bytes]]:
    """Held and used entries that are in force, partition by partition."""
    wanted = (HELD.encode(), USED.encode())
    with closing(reader(kafka)) as consumer:
        for partition in range(partition_count(kafka, topic)):
            entries: dict[bytes, bytes] = {}
            for message in read_partition(consumer, kafka, topic, partition):
                key, value = message.key(), message.value()
                if isinstance(key, bytes) and key.startswith(wanted):
                    entries.pop(key, None)
                    if isinstance(value, bytes):
                        entries[key] = value
            yield from entries.items()


def _recorded(message: Message, framing: Framing) -> tuple[Source, int | None]:
    value: Any = message.value()
    try:
        return _numbered(decode_ledger_plain(framing.ledger_body(value))["envelope"])
    except InvalidEvent:  # verification says so
        return Source("", "", ""), None


def _numbered(envelope: dict[str, Any]) -> tuple[Source, int | None]:
    instance = envelope["source"]["instance"]
    source = Source(envelope["tenant_id"], instance or "", envelope["correlation_id"])
    return source, envelope["source_seq"] if instance else None
