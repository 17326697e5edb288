"""Keys and values of the state topic (DESIGN section 5): what ledger and quarantine do not say.

    held/<epoch>/<offset>                            an event that waits; tombstone on release (Avro, held_event.avsc)
    used/["<tenant>","<correlation>","<instance>"]   source numbers used up by events not in the ledger (JSON)
    epoch/<number>                                   which events topic the epoch stands for (JSON)
    policy/<epoch>/<input offset>                    core version and settings that apply from that offset on (JSON)

Every partition of the topic is complete for its input partition; migrate writes the epochs into all of them.
"""

import json
from dataclasses import asdict, dataclass, fields
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Any, NamedTuple

import fastavro

HELD = "held/"
USED = "used/"
EPOCH = "epoch/"
POLICY = "policy/"

Headers = tuple[tuple[str, bytes | None], ...]
NumberRanges = tuple[tuple[int, int], ...]
"""Numbers as ranges, ascending, inclusive, never adjacent: a long run of them stays one small entry."""


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """An input record that waits, as the state topic keeps it. Times in microseconds since 1970."""

    input_epoch: int
    input_partition: int
    input_offset: int
    appended_at: int
    deadline: int
    key: bytes | None
    value: bytes
    headers: Headers
    tenant_id: str
    correlation_id: str
    event_id: str
    event_type: str
    waiting_for: str


@dataclass(frozen=True, slots=True)
class EpochEntry:
    """Input offsets compare only within an epoch: one identity and partition count of the events topic."""

    epoch: int
    topic_id: str
    partitions: int


class UsedKey(NamedTuple):
    """Whose numbers."""

    tenant_id: str
    correlation_id: str
    instance: str


def held_key(epoch: int, offset: int) -> bytes:
    """Key of a held event."""
    return f"{HELD}{epoch}/{offset}".encode()


def held_position(key: bytes) -> tuple[int, int]:
    """(epoch, offset) of a held event's key."""
    epoch, offset = key.decode().removeprefix(HELD).split("/")
    return int(epoch), int(offset)


def encode_held(held: HeldEvent) -> bytes:
    """Value of a held event."""
    plain = {field.name: getattr(held, field.name) for field in fields(held)}
    plain["headers"] = [{"name": name, "value": value} for name, value in held.headers]
    out = BytesIO()
    fastavro.schemaless_writer(out, _held_schema(), plain)
    return out.getvalue()


def decode_held(value: bytes) -> HeldEvent:
    """A held event from its value."""
    plain: dict[str, Any] = fastavro.schemaless_reader(BytesIO(value), _held_schema(), None)
    headers = tuple((header["name"], header["value"]) for header in plain.pop("headers"))
    return HeldEvent(headers=headers, **plain)


def used_key(whose: UsedKey) -> bytes:
    """Key of the numbers used up by one instance in one correlation."""
    return f"{USED}{json.dumps(list(whose), ensure_ascii=False)}".encode()


def used_whose(key: bytes) -> UsedKey:
    """Whose numbers a key stands for."""
    return UsedKey(*json.loads(key.decode().removeprefix(USED)))


def encode_used(numbers: NumberRanges) -> bytes:
    """Value: `[[first, last], ...]`."""
    return json.dumps(numbers).encode()


def decode_used(value: bytes) -> NumberRanges:
    """The numbers."""
    return tuple((first, last) for first, last in json.loads(value))


def epoch_key(epoch: int) -> bytes:
    """Key of an epoch."""
    return f"{EPOCH}{epoch}".encode()


def encode_epoch(entry: EpochEntry) -> bytes:
    """Value of an epoch."""
    return json.dumps(asdict(entry)).encode()


def decode_epoch(value: bytes) -> EpochEntry:
    """An epoch from its value."""
    return EpochEntry(**json.loads(value))


def policy_key(epoch: int, from_offset: int) -> bytes:
    """Key of the settings that apply from an input offset on."""
    return f"{POLICY}{epoch}/{from_offset}".encode()


def policy_position(key: bytes) -> tuple[int, int]:
    """(epoch, first input offset) of a policy's key."""
    epoch, offset = key.decode().removeprefix(POLICY).split("/")
    return int(epoch), int(offset)


@cache
def _held_schema() -> Any:
    text = files(__package__).joinpath("held_event.avsc").read_text("utf-8")
    return fastavro.parse_schema(json.loads(text))
