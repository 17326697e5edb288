"""What goes into the core and what comes out of it."""

from dataclasses import dataclass
from typing import NamedTuple

from chatsnapshot_schemas.reasons import Reason
from chatsnapshot_schemas.rules import Plain
from chatsnapshot_schemas.state_entries import Headers


class InputRecord(NamedTuple):
    """One record of the events topic. `appended_at`: the broker's append time, microseconds since 1970."""

    offset: int
    appended_at: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class Recorded(NamedTuple):
    """To the ledger topic: `body` is the record's Avro body, unframed; `plain` its fields with `envelope` nested."""

    key: bytes
    body: bytes
    plain: Plain


@dataclass(frozen=True, slots=True)
class Quarantined:
    """To the quarantine topic, original bytes verbatim. `epoch` and `partition` are the input's own: an event that was
    held may be older than the topic's present epoch."""

    record: InputRecord
    reason: Reason
    detail: str
    epoch: int
    partition: int


@dataclass(frozen=True, slots=True)
class StateChange:
    """To the state topic; value None is a tombstone."""

    key: bytes
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Dropped: this very fact is recorded or held already. `replay`: it is the same input record seen again."""

    record: InputRecord
    replay: bool


Output = Recorded | Quarantined | StateChange | Duplicate
