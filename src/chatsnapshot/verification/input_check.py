"""Every input that the events topic still has against the places where inputs end; a partition at a time.

An input is recorded, refused, held, or says again what is known; exactly one of these. Topics are read one after the
other while the sequencer goes on, so what looks wrong is looked at again before it is said.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Consumer, Message, TopicPartition

from chatsnapshot.kafka.admin import ANSWER_TIMEOUT_S
from chatsnapshot.kafka.partition_log import bounds, read_partition
from chatsnapshot.verification.chain_check import PartitionCheck, fact_number
from chatsnapshot.verification.findings import Finding, InputCounts, Kind
from chatsnapshot.verification.input_places import (
    HELD,
    PLACES,
    QUARANTINED,
    RECORDED,
    InputPlaces,
    is_one_place,
    place_names,
)
from chatsnapshot.verification.waiting import Waiting, read_waiting
from chatsnapshot_schemas import headers as names
from chatsnapshot_schemas.codec import decode_ledger_plain, decode_plain
from chatsnapshot_schemas.connections import KafkaConnection, TopicNames
from chatsnapshot_schemas.errors import CorruptLedger, InvalidEvent
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.rules import Plain, check_envelope
from chatsnapshot_schemas.topics import INPUT_MESSAGE_BYTES_MAX, QUARANTINED_BYTES_MAX

POLL_S = 0.2
LOOKS_MAX = 4
"""So often is looked at what seems wrong; a sequencer that goes on needs moments between topics."""
LOOK_WAIT_S = 0.5
DOUBTS_MAX = 10_000
"""Inputs of a partition that are looked at again; the others are told as they seem."""
WHOLE_BYTES_MAX = QUARANTINED_BYTES_MAX - INPUT_MESSAGE_BYTES_MAX
"""Of what is larger, quarantine may have the beginning only."""
TELL_EVERY = 5_000
Seen = Callable[[int], None]
"""Called now and then with the number of inputs that were read since."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """An input that is in no place, or in several."""

    offset: int
    places: int
    plain: Plain | None


@dataclass(slots=True)
class InputCheck:
    """One partition: make it, read the ledger with its `places`, then ask for `findings`."""

    consumer: Consumer
    kafka: KafkaConnection
    topics: TopicNames
    framing: Framing
    partition: int
    places: InputPlaces
    committed: int
    """The offset that the sequencer committed; everything below it must be somewhere."""
    waiting: int
    """Offsets behind it when verification began."""
    end: int
    counts: InputCounts = field(default_factory=InputCounts)

    def findings(self, check: PartitionCheck, ledger_end: int, waiting: Waiting, seen: Seen) -> Iterator[Finding]:
        """Whatever is wrong with the inputs. `ledger_end`: where the ledger ended when `check` was fed."""
        for place, original in waiting.inputs():
            self.places.note(place, *original)
        if self.committed > self.end:
            yield Finding(
                Kind.OFFSET_BEYOND_END,
                f"{self._named} ends at offset {self.end}, but everything below {self.committed} was sequenced",
            )
        if self.waiting:
            yield Finding(Kind.INPUT_WAITING, f"{self._named}: {self.waiting:,} offsets are not sequenced yet")
        self.counts.begin[self.partition] = self.places.begin
        doubts: list[Doubt] = []
        for doubt in self._read(check, waiting, seen):
            if isinstance(doubt, Finding):
                yield doubt
            else:
                doubts.append(doubt)
        yield from self._confirmed(doubts, ledger_end)
        for offset in self.places.never_seen():
            yield Finding(Kind.INPUT_MADE_UP, f"{self._named} has no input at offset {offset}, which was sequenced")

    @property
    def _named(self) -> str:
        return f"{self.topics.events}-{self.partition}"

    def _read(self, check: PartitionCheck, waiting: Waiting, seen: Seen) -> Iterator[Finding | Doubt]:
        told = 0
        for message in self._inputs():
            offset = message.offset() or 0
            self.counts.inputs += 1
            if self.counts.inputs - told >= TELL_EVERY:
                seen(self.counts.inputs - told)
                told = self.counts.inputs
            places = self.places.see(offset)
            if is_one_place(places):
                self.counts.places[PLACES[places]] += 1
                if not self._is_kept(message, places, offset):
                    yield Finding(Kind.INPUT_CHANGED, f"{self._named}@{offset} is {PLACES[places]} with other bytes")
                continue
            plain = self._plain(message)
            if not places and plain is not None and self._is_known(plain, check, waiting):
                self.counts.places["duplicate"] += 1
            else:
                yield Doubt(offset, places, plain)
        seen(self.counts.inputs - told)

    def _inputs(self) -> Iterator[Message]:
        """What lies below the committed offset, ticks left out."""
        for message in read_partition(self.consumer, self.kafka, self.topics.events, self.partition, self.places.begin):
            if (message.offset() or 0) >= self.places.end:
                return
            if message.value() or not _is_tick(message):
                yield message

    def _is_kept(self, message: Message, places: int, offset: int) -> bool:
        value: Any = message.value()
        if places == QUARANTINED and len(value or b"") > WHOLE_BYTES_MAX:
            return True
        if places == RECORDED:
            with suppress(InvalidEvent):
                value = self.framing.envelope_body(value)
        return self.places.is_content(offset, value)

    def _plain(self, message: Message) -> Plain | None:
        value: Any = message.value()
        try:
            plain = decode_plain(self.framing.envelope_body(value))
            check_envelope(plain)
        except InvalidEvent:
            return None
        return plain

    def _is_known(self, plain: Plain, check: PartitionCheck, waiting: Waiting) -> bool:
        whose, event_id = (plain["tenant_id"], plain["correlation_id"]), plain["event_id"]
        run = check.runs.get(whose)
        known = run.facts.get(event_id) if run is not None else None
        fact = fact_number(plain)
        return known == fact or waiting.facts.get((*whose, event_id)) == fact

    def _confirmed(self, doubts: list[Doubt], ledger_end: int) -> Iterator[Finding]:
        """Those that seem wrong however often they are looked at."""
        yield from (self._finding(doubt) for doubt in doubts[DOUBTS_MAX:])
        left = {doubt.offset: doubt for doubt in doubts[:DOUBTS_MAX]}
        for _ in range(LOOKS_MAX):
            if not left:
                return
            time.sleep(LOOK_WAIT_S)
            now = self._places_now(left, ledger_end)
            for offset, (places, is_known) in now.items():
                if is_one_place(places) or (not places and is_known):
                    del left[offset]
                else:
                    left[offset] = Doubt(offset, places, left[offset].plain)
        yield from map(self._finding, left.values())

    def _places_now(self, doubts: dict[int, Doubt], ledger_end: int) -> dict[int, tuple[int, bool]]:
        """What is in held and quarantine now, in the ledger's part that was read, and in what came since."""
        again = InputPlaces(self.places.epoch, self.places.begin, self.places.end)
        facts: dict[tuple[str, str, str], int] = {}
        waiting = read_waiting(self.consumer, self.kafka, self.topics, self.partition, self.framing)
        for place, original in waiting.inputs():
            again.note(place, *original)
        for message in read_partition(self.consumer, self.kafka, self.topics.ledger, self.partition, ledger_end):
            value: Any = message.value()
            with suppress(InvalidEvent, CorruptLedger):
                body = self.framing.ledger_body(value)
                plain = decode_ledger_plain(body)
                envelope = plain["envelope"]
                again.note_recorded(body, plain)
                facts[envelope["tenant_id"], envelope["correlation_id"], envelope["event_id"]] = fact_number(envelope)
        return {
            offset: (again.see(offset) | doubt.places & ~(HELD | QUARANTINED), _is_among(doubt.plain, facts, waiting))
            for offset, doubt in doubts.items()
        }

    def _finding(self, doubt: Doubt) -> Finding:
        place, plain = f"{self._named}@{doubt.offset}", doubt.plain
        whose = ("", "", None, None) if plain is None else _whose(plain)
        if doubt.places:
            return Finding(Kind.INPUT_DOUBLED, f"{place} is {place_names(doubt.places)}", *whose)
        return Finding(
            Kind.INPUT_LOST, f"{place} is nowhere, though {self.committed} is committed for its partition", *whose
        )


def _whose(plain: Plain) -> tuple[str, str, None, str]:
    return plain["tenant_id"], plain["correlation_id"], None, plain["event_id"]


def _is_among(plain: Plain | None, facts: dict[tuple[str, str, str], int], waiting: Waiting) -> bool:
    if plain is None:
        return False
    key = (plain["tenant_id"], plain["correlation_id"], plain["event_id"])
    return fact_number(plain) in (facts.get(key), waiting.facts.get(key))


def _is_tick(message: Message) -> bool:
    with suppress(UnicodeDecodeError, SystemError):  # a name that is not UTF-8: none of ours is among them, or all
        pairs: Any = message.headers() or ()
        return (names.CONTROL, names.TICK) in pairs
    return False


def begin_inputs(
    consumer: Consumer, kafka: KafkaConnection, topics: TopicNames, framing: Framing, partition: int, wait_s: float
) -> InputCheck:
    """Note how far the sequencer is, before anything else is read. Gives it `wait_s` to reach the end of its input.

    `consumer` asks in the sequencers' group.
    """
    limit = bounds(consumer, kafka, topics.events, partition)
    deadline = time.monotonic() + wait_s
    while True:
        offset, epoch = _committed(consumer, topics.events, partition)
        if offset >= limit.end or time.monotonic() > deadline or limit.end == limit.begin:
            break
        time.sleep(POLL_S)
    places = InputPlaces(epoch, limit.begin, min(max(offset, limit.begin), limit.end))
    waiting = max(0, limit.end - max(offset, limit.begin))
    return InputCheck(consumer, kafka, topics, framing, partition, places, offset, waiting, limit.end)


def _committed(consumer: Consumer, topic: str, partition: int) -> tuple[int, int]:
    """Offset and epoch of the sequencers' group; (0, 0) when it has none."""
    (found,) = consumer.committed([TopicPartition(topic, partition)], timeout=ANSWER_TIMEOUT_S)
    with suppress(ValueError, KeyError, TypeError):
        return max(found.offset, 0), int(json.loads(found.metadata or "")["epoch"])
    return 0, 0
