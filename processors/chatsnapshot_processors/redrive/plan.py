"""What a quarantined input becomes when it is sent again, or why it cannot be. Pure.

What is sent is checked first, by the rules that the sequencer has. An id that is known by now: the same fact,
unchanged, is a duplicate; anything else under it is refused without a new id. What is not known here although it is
recorded (the tables are a moment behind) the sequencer decides in the same way: it drops the same fact and refuses
another one again.
"""

import hashlib
from dataclasses import dataclass

from chatsnapshot_processors.redrive.edit import Edit, edited, replacement
from chatsnapshot_schemas.avro_schema import envelope_schema
from chatsnapshot_schemas.codec import decode_plain, encode_plain
from chatsnapshot_schemas.errors import InvalidEvent, RedriveRefused
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.headers import REDRIVE
from chatsnapshot_schemas.partitioning import message_key, partition_of
from chatsnapshot_schemas.quarantine_entries import Header, QuarantinedInput, Solution, identity_of
from chatsnapshot_schemas.rules import Plain, check_envelope
from chatsnapshot_schemas.topics import INPUT_MESSAGE_BYTES_MAX

RECORD_OVERHEAD_BYTES = 512
"""Room for what a record needs beside key, value and headers, in its batch too."""
FactId = tuple[str, str, str]
"""(tenant, correlation, event id)."""


@dataclass(frozen=True, slots=True)
class KnownFact:
    """What two events with one id must share to be one fact, as digests; absent: ''."""

    event_type: str
    causation_id: str = ""
    subject_id: str = ""
    payload_sha256: str = ""
    whole_sha256: str = ""
    is_held: bool = False
    """It waits now: the rest is not known yet."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where inputs go: topic, how many partitions it has, how values are framed."""

    topic: str
    partitions: int
    framing: Framing


@dataclass(frozen=True, slots=True)
class NewInput:
    """A quarantined input as it is to be sent."""

    fact_id: FactId
    fact: KnownFact
    event_type: str
    edited: tuple[str, ...]
    """Fields that are not as they came."""
    partition: int
    key: bytes
    value: bytes
    headers: tuple[Header, ...]


def planned(found: QuarantinedInput, edit: Edit, target: Target) -> NewInput:
    """The input to send. Raises RedriveRefused, InvalidEvent naming the field, RegistryUnavailable."""
    original = _readable(found, target.framing)
    changes: tuple[str, ...]
    if edit.envelope is not None:
        known = identity_of(target.framing, found.key, found.value, found.reason)
        plain, changes = replacement(edit, known, found), ("envelope",)
    elif original is None:
        raise RedriveRefused(f"{found.detail or found.reason}: the bytes cannot be read, give the whole event instead")
    else:
        plain, changes = edited(original, edit, found)
    check_envelope(plain)
    _check_causes(plain)
    if changes:
        value = target.framing.prefix(target.topic, envelope_schema()) + encode_plain(plain)
    else:
        value = found.value or b""
    return _addressed(found, plain, changes, value, target.partitions)


def solution(new: NewInput, edit: Edit, known: KnownFact | None) -> Solution:
    """REDRIVEN: send it. DUPLICATE: it is recorded by now. Raises RedriveRefused."""
    if known is None:
        return Solution.REDRIVEN
    event_id = new.fact_id[2]
    if known.is_held:
        raise RedriveRefused(f"event_id: {event_id} waits in `held` now; try again once it is recorded")
    if edit.is_empty and known == new.fact:
        return Solution.DUPLICATE
    what = "so an edited event needs a new id" if new.edited else "as another fact: give it a new id, or discard it"
    raise RedriveRefused(f"event_id: {event_id} is recorded in this run by now, {what}")


def fact_of(plain: Plain) -> KnownFact:
    """Of an envelope's plain fields."""
    ref = plain["payload_ref"]
    return KnownFact(
        plain["event_type"],
        plain["causation_id"] or "",
        plain["subject_id"] or "",
        hashlib.sha256(plain["payload"].encode()).hexdigest(),
        ref["sha256"] if ref else "",
    )


def _readable(found: QuarantinedInput, framing: Framing) -> Plain | None:
    try:
        return decode_plain(framing.envelope_body(found.value))
    except InvalidEvent:
        return None


def _check_causes(plain: Plain) -> None:
    """A cause in another run is another event, whatever its id."""
    local = set(plain["caused_by"])
    if plain["causation_correlation_id"] in (None, plain["correlation_id"]):
        local.add(plain["causation_id"])
    if plain["event_id"] in local:
        raise InvalidEvent("causation_id", f"{plain['event_id']} is among its own causes; change them")


def _addressed(
    found: QuarantinedInput, plain: Plain, changes: tuple[str, ...], value: bytes, partitions: int
) -> NewInput:
    key = message_key(plain["tenant_id"], plain["correlation_id"])
    headers = (*(each for each in found.headers if each[0] != REDRIVE), found.place.redrive_header())
    size = len(key) + len(value) + sum(len(name) + len(text or b"") for name, text in headers) + RECORD_OVERHEAD_BYTES
    if size > INPUT_MESSAGE_BYTES_MAX:
        raise RedriveRefused(f"value: {size:,} bytes with key and headers, at most {INPUT_MESSAGE_BYTES_MAX:,}")
    fact_id = (plain["tenant_id"], plain["correlation_id"], plain["event_id"])
    partition = partition_of(key, partitions)
    return NewInput(fact_id, fact_of(plain), plain["event_type"], changes, partition, key, value, headers)
