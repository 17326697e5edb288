"""What waits or was refused, from the topics themselves: held events and quarantine records."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Consumer, Message

from chatsnapshot.kafka.partition_log import bounds, read_partition
from chatsnapshot.verification.chain_check import fact_number
from chatsnapshot.verification.findings import Finding, Kind
from chatsnapshot.verification.input_places import HELD as IS_HELD
from chatsnapshot.verification.input_places import QUARANTINED as IS_QUARANTINED
from chatsnapshot.verification.input_places import content_number
from chatsnapshot_schemas.codec import decode_plain
from chatsnapshot_schemas.connections import KafkaConnection, TopicNames
from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.headers import QUARANTINE_DETAIL, QUARANTINE_REASON
from chatsnapshot_schemas.partitioning import message_key
from chatsnapshot_schemas.quarantine_entries import InputPlace, input_place, is_solved_mark
from chatsnapshot_schemas.reasons import Reason
from chatsnapshot_schemas.rules import Plain
from chatsnapshot_schemas.state_entries import HELD, HeldEvent, decode_held

Run = tuple[str, str]
FactId = tuple[str, str, str]
"""(tenant, correlation, event id)."""
Original = tuple[int, int, int]
"""Epoch and offset of an input, and a number over its value (see `input_places.content_number`)."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An input in quarantine that is not solved."""

    finding: Finding
    key: bytes | str | None
    """Of its message."""


@dataclass(slots=True)
class Waiting:
    """One partition's. Bounded by what is held and refused there; of refused values only a number stays."""

    held: dict[tuple[int, int], tuple[int, HeldEvent]] = field(default_factory=dict)
    """By (epoch, input offset): offset in the state topic, and the event."""
    state_end: int = 0
    refused: dict[InputPlace, Refused] = field(default_factory=dict)
    """Without those that are solved."""
    originals: list[Original] = field(default_factory=list)
    """Of everything that was refused, solved or not."""
    quarantine_end: int = 0
    facts: dict[FactId, int] = field(default_factory=dict)
    """Number of what is known without being recorded: held, or refused after it was held."""

    def inputs(self) -> Iterator[tuple[int, Original]]:
        """Which inputs are where."""
        for original in self.originals:
            yield IS_QUARANTINED, original
        for (epoch, offset), (_, held) in self.held.items():
            yield IS_HELD, (epoch, offset, content_number(held.value))

    def held_findings(self, only: Run | None) -> Iterator[Finding]:
        """Events that wait now."""
        for _, held in self.held.values():
            if only in (None, (held.tenant_id, held.correlation_id)):
                whose = (held.tenant_id, held.correlation_id)
                yield Finding(Kind.HELD, f"waits for {held.waiting_for}", *whose, event_id=held.event_id)

    def refused_findings(self, only: Run | None) -> Iterator[Finding]:
        """Records that wait for a person; those of a run by their ids, or by their key when unreadable."""
        for each in self.refused.values():
            if only in (None, (each.finding.tenant_id, each.finding.correlation_id)) or each.key == _key(only):
                yield each.finding


def read_waiting(
    consumer: Consumer, kafka: KafkaConnection, names: TopicNames, partition: int, framing: Framing
) -> Waiting:
    """State and quarantine topic of a partition, to their ends as they are now."""
    waiting = Waiting()
    waiting.state_end = bounds(consumer, kafka, names.state, partition).end
    waiting.held = _held(consumer, kafka, names, partition)
    for _, held in waiting.held.values():
        _note_fact(waiting, framing, held.value)
    waiting.quarantine_end = bounds(consumer, kafka, names.quarantine, partition).end
    _read_quarantine(waiting, consumer, kafka, names, partition, framing)
    return waiting


def held_findings(
    consumer: Consumer, kafka: KafkaConnection, names: TopicNames, partition: int, only: Run | None
) -> Iterator[Finding]:
    """Events of the partition that wait now."""
    return Waiting(held=_held(consumer, kafka, names, partition)).held_findings(only)


def quarantine_findings(
    consumer: Consumer, kafka: KafkaConnection, names: TopicNames, partition: int, framing: Framing, only: Run | None
) -> Iterator[Finding]:
    """Records of the partition that wait; those of a run by their ids, or by their key when unreadable. A solved one
    waits no longer, wherever its mark lies."""
    waiting = Waiting()
    _read_quarantine(waiting, consumer, kafka, names, partition, framing)
    return waiting.refused_findings(only)


def _held(
    consumer: Consumer, kafka: KafkaConnection, names: TopicNames, partition: int
) -> dict[tuple[int, int], tuple[int, HeldEvent]]:
    latest: dict[bytes, tuple[int, bytes | None]] = {}
    for message in read_partition(consumer, kafka, names.state, partition):
        key: Any = message.key() or b""
        if key.startswith(HELD.encode()):
            value: Any = message.value()
            latest[key] = (message.offset() or 0, value)
            if value is None:
                del latest[key]  # what was released is not kept in memory
    found = {}
    for offset, value in latest.values():
        held = decode_held(value or b"")
        found[held.input_epoch, held.input_offset] = (offset, held)
    return found


def _read_quarantine(
    waiting: Waiting,
    consumer: Consumer,
    kafka: KafkaConnection,
    names: TopicNames,
    partition: int,
    framing: Framing,
) -> None:
    solved: set[InputPlace] = set()
    for message in read_partition(consumer, kafka, names.quarantine, partition):
        pairs: Any = message.headers() or ()
        place = input_place(pairs)
        if is_solved_mark(pairs):
            solved.add(place)
            continue
        value: Any = message.value()
        waiting.originals.append((place.epoch, place.offset, content_number(value)))
        plain = _plain(value, framing)
        ids = ("", "", "") if plain is None else (plain["tenant_id"], plain["correlation_id"], plain["event_id"])
        waiting.refused[place] = Refused(_refusal(message, dict(pairs), ids), message.key())
        if plain is not None and _text(dict(pairs).get(QUARANTINE_REASON)) == Reason.CAUSE_MISSING:
            waiting.facts[ids] = fact_number(plain)
    for place in solved:
        waiting.refused.pop(place, None)


def _key(only: Run | None) -> bytes | None:
    return None if only is None else message_key(*only)


def _refusal(message: Message, headers: dict[str, Any], ids: FactId) -> Finding:
    reason, detail = (_text(headers.get(name)) for name in (QUARANTINE_REASON, QUARANTINE_DETAIL))
    tenant, correlation, event_id = ids
    whose = (tenant, correlation) if tenant else _of_key(message.key())
    return Finding(Kind.QUARANTINED, f"{reason}: {detail}", *whose, event_id=event_id or None)


def _note_fact(waiting: Waiting, framing: Framing, value: bytes) -> None:
    plain = _plain(value, framing)
    if plain is not None:
        waiting.facts[plain["tenant_id"], plain["correlation_id"], plain["event_id"]] = fact_number(plain)


def _plain(value: bytes | None, framing: Framing) -> Plain | None:
    with suppress(InvalidEvent):
        return decode_plain(framing.envelope_body(value))
    return None


def _of_key(key: bytes | str | None) -> Run:
    text = (key if isinstance(key, bytes) else b"").decode("utf-8", "replace")
    tenant, _, correlation = text.partition("/")
    return tenant, correlation


def _text(value: bytes | str | None) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
