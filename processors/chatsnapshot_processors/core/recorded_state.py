"""What is known of recorded events: a function of the ledger alone, kept by correlation (its message key).

`RecordedState` is read by the core; `Overlay` collects what a batch adds and hands it over once the batch is committed.
`fold` is the only way in, for a record just made and for one read back from the ledger topic.
"""

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from chatsnapshot_processors.core.same_fact import fact_digest
from chatsnapshot_processors.core.source_numbers import START, SourceNumbers, after_record
from chatsnapshot_schemas.partitioning import message_key
from chatsnapshot_schemas.rules import Plain

__all__ = ["Changes", "Head", "KnownEvent", "MemoryState", "Overlay", "RecordedState", "SourceNumbers"]


class Head(NamedTuple):
    """The last record of a correlation."""

    sequence_no: int
    hash: bytes


class KnownEvent(NamedTuple):
    """Where a recorded event came from, and the digest of what makes it the same fact (16 bytes)."""

    epoch: int
    offset: int
    digest: bytes


class RecordedState(Protocol):
    """Reading side: a dict, or the RocksDB cache."""

    def head(self, correlation: bytes) -> Head | None:
        """Last record of the correlation; None before its first."""
        ...

    def known(self, correlation: bytes, event_id: str) -> KnownEvent | None:
        """The recorded event of that id, if there is one."""
        ...

    def numbers(self, correlation: bytes, instance: str) -> SourceNumbers | None:
        """The instance's numbers; None before its first numbered event."""
        ...


@dataclass(slots=True)
class Changes:
    """What to write over a RecordedState; later values replace earlier ones."""

    heads: dict[bytes, Head] = field(default_factory=dict)
    known: dict[tuple[bytes, str], KnownEvent] = field(default_factory=dict)
    numbers: dict[tuple[bytes, str], SourceNumbers] = field(default_factory=dict)


class Overlay:
    """A RecordedState with additions that are not in its base yet. Its size is that of the records folded since
    `take_changes`: the caller bounds it by its batches."""

    def __init__(self, base: RecordedState) -> None:
        self._base = base
        self._changes = Changes()

    def head(self, correlation: bytes) -> Head | None:
        """See RecordedState."""
        return self._changes.heads.get(correlation) or self._base.head(correlation)

    def known(self, correlation: bytes, event_id: str) -> KnownEvent | None:
        """See RecordedState."""
        return self._changes.known.get((correlation, event_id)) or self._base.known(correlation, event_id)

    def numbers(self, correlation: bytes, instance: str) -> SourceNumbers | None:
        """See RecordedState."""
        return self._changes.numbers.get((correlation, instance)) or self._base.numbers(correlation, instance)

    def fold(self, plain: Plain) -> None:
        """Apply one ledger record's plain fields (`envelope` nested)."""
        envelope = plain["envelope"]
        correlation = message_key(envelope["tenant_id"], envelope["correlation_id"])
        self.fold_prepared(plain, correlation, fact_digest(envelope))

    def fold_prepared(self, plain: Plain, correlation: bytes, digest: bytes) -> None:
        """As `fold`, when message key and digest of the envelope are at hand."""
        envelope, changes = plain["envelope"], self._changes
        changes.heads[correlation] = Head(plain["sequence_no"], plain["hash"])
        changes.known[(correlation, envelope["event_id"])] = KnownEvent(
            plain["input_epoch"], plain["input_offset"], digest
        )
        number = envelope["source_seq"]
        if number is not None:
            instance = envelope["source"]["instance"]
            changes.numbers[(correlation, instance)] = after_record(
                self.numbers(correlation, instance) or START,
                number,
                late=plain["late"],
                gap_before=plain["gap_before"],
            )

    def take_changes(self) -> Changes:
        """Hand over what was added and forget it; apply it to the base before the overlay is read again."""
        changes, self._changes = self._changes, Changes()
        return changes


class MemoryState:
    """RecordedState in dicts, not bounded: for one-process ledgers and tests."""

    def __init__(self) -> None:
        self._all = Changes()

    def head(self, correlation: bytes) -> Head | None:
        """See RecordedState."""
        return self._all.heads.get(correlation)

    def known(self, correlation: bytes, event_id: str) -> KnownEvent | None:
        """See RecordedState."""
        return self._all.known.get((correlation, event_id))

    def numbers(self, correlation: bytes, instance: str) -> SourceNumbers | None:
        """See RecordedState."""
        return self._all.numbers.get((correlation, instance))

    def apply(self, changes: Changes) -> None:
        """Write changes over what is there."""
        self._all.heads.update(changes.heads)
        self._all.known.update(changes.known)
        self._all.numbers.update(changes.numbers)
