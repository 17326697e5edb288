"""What was read, taken apart once: inputs, ledger records, refusals and their solutions, what waits."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from chatsnapshot_schemas import headers as names
from chatsnapshot_schemas.codec import decode_ledger_plain, decode_plain
from chatsnapshot_schemas.errors import ChatSnapshotError, InvalidEvent
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.rules import Plain, check_content, check_identity
from chatsnapshot_schemas.state_entries import EPOCH, HELD, EpochEntry, HeldEvent, decode_epoch, decode_held
from tests.faults.oracle.seen import Logs, Raw, Seen

Place = tuple[int, int, int]
"""(epoch, partition, offset) of an input."""
Whose = tuple[str, str]
"""(tenant, correlation)."""


@dataclass(frozen=True, slots=True)
class Input:
    """One record of the events topic that is no tick."""

    raw: Raw
    place: Place
    body: bytes | None
    """The envelope's bytes; None when the framing is not known."""
    plain: Plain | None
    """None: not readable (framing, decoding, ids, source)."""
    redriven: str | None
    """Where it comes from, when it comes back from quarantine."""

    @property
    def whose(self) -> Whose:
        assert self.plain is not None
        return self.plain["tenant_id"], self.plain["correlation_id"]

    @property
    def is_valid(self) -> bool:
        """Whether a readable one breaks no rule."""
        assert self.plain is not None
        try:
            check_content(self.plain)
        except InvalidEvent:
            return False
        return True

    @property
    def fact(self) -> tuple[Any, ...]:
        assert self.plain is not None
        return fact_of(self.plain)


def fact_of(plain: Plain) -> tuple[Any, ...]:
    """What two events with one id must share to be one fact."""
    ref = plain["payload_ref"]
    digest = ref["sha256"] if ref else None
    return plain["event_type"], plain["causation_id"], plain["subject_id"], plain["payload"], digest


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the ledger topic."""

    raw: Raw
    body: bytes
    plain: Plain

    @property
    def place(self) -> Place:
        return self.plain["input_epoch"], self.plain["input_partition"], self.plain["input_offset"]

    @property
    def envelope(self) -> Plain:
        envelope: Plain = self.plain["envelope"]
        return envelope

    @property
    def whose(self) -> Whose:
        return self.envelope["tenant_id"], self.envelope["correlation_id"]

    @property
    def number(self) -> int:
        number: int = self.plain["sequence_no"]
        return number


@dataclass(frozen=True, slots=True)
class QuarantineEntry:
    """One record of the quarantine topic: a refusal, or without a reason the end of one."""

    raw: Raw
    place: Place
    reason: str

    @property
    def headers(self) -> dict[str, bytes | None]:
        """The last of a name counts: an input may bring headers of the same names."""
        return dict(self.raw.headers)


@dataclass
class Facts:
    """Lazily taken apart; every check shares one."""

    seen: Seen
    framing: Framing = field(default_factory=Framing)
    unreadable: list[str] = field(default_factory=list)
    """Records of our own topics that cannot be read."""

    @cached_property
    def epochs(self) -> list[EpochEntry]:
        found = {
            decode_epoch(raw.value)
            for raw in _all(self.seen.state)
            if (raw.key or b"").startswith(EPOCH.encode()) and raw.value
        }
        return sorted(found, key=lambda entry: entry.epoch)

    @cached_property
    def epoch(self) -> int:
        """The one that the events topic counts in now."""
        return self.epochs[-1].epoch if self.epochs else 1

    @cached_property
    def inputs(self) -> list[Input]:
        return [self._input(raw) for raw in _all(self.seen.events) if not is_tick(raw)]

    @cached_property
    def input_at(self) -> dict[Place, Input]:
        return {each.place: each for each in self.inputs}

    @cached_property
    def records(self) -> list[Record]:
        """By partition and ledger offset."""
        return list(self._records())

    @cached_property
    def runs(self) -> dict[Whose, list[Record]]:
        found: dict[Whose, list[Record]] = {}
        for record in self.records:
            found.setdefault(record.whose, []).append(record)
        return found

    @cached_property
    def quarantine(self) -> list[QuarantineEntry]:
        return list(self._quarantine())

    @cached_property
    def held(self) -> dict[Place, HeldEvent]:
        """What waits now."""
        found: dict[Place, HeldEvent] = {}
        for partition, log in self.seen.state.items():
            latest = {raw.key: raw.value for raw in log if (raw.key or b"").startswith(HELD.encode())}
            for value in filter(None, latest.values()):
                held = decode_held(value)
                found[held.input_epoch, partition, held.input_offset] = held
        return found

    def _input(self, raw: Raw) -> Input:
        place = (self.epoch, raw.partition, raw.offset)
        said = next((value or b"" for name, value in reversed(raw.headers) if name == names.REDRIVE), None)
        redriven = None if said is None else said.decode("utf-8", "replace")
        body = plain = None
        try:
            body = self.framing.envelope_body(raw.value)
            plain = decode_plain(body)
            check_identity(plain)
        except InvalidEvent:
            plain = None
        return Input(raw, place, body, plain, redriven)

    def _records(self) -> Iterator[Record]:
        for raw in _all(self.seen.ledger):
            try:
                body = self.framing.ledger_body(raw.value)
                yield Record(raw, body, decode_ledger_plain(body))
            except ChatSnapshotError as error:
                self.unreadable.append(f"ledger {raw.partition}@{raw.offset}: {error}")

    def _quarantine(self) -> Iterator[QuarantineEntry]:
        for raw in _all(self.seen.quarantine):
            said = {name: (value or b"").decode("utf-8", "replace") for name, value in raw.headers}
            try:
                place = (
                    int(said[names.QUARANTINE_INPUT_EPOCH]),
                    int(said[names.QUARANTINE_INPUT_PARTITION]),
                    int(said[names.QUARANTINE_INPUT_OFFSET]),
                )
            except (KeyError, ValueError) as error:
                self.unreadable.append(f"quarantine {raw.partition}@{raw.offset}: {error!r}")
                continue
            yield QuarantineEntry(raw, place, said.get(names.QUARANTINE_REASON, ""))


def is_tick(raw: Raw) -> bool:
    """Whether a record only moves stream time."""
    return not raw.value and (names.CONTROL, names.TICK) in raw.headers


def shown(place: Iterable[object]) -> str:
    """A place in words."""
    epoch, partition, offset = place
    return f"input {partition}@{offset} (epoch {epoch})"


def _all(logs: Logs) -> Iterator[Raw]:
    for partition in sorted(logs):
        yield from logs[partition]
