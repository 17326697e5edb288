"""What is known of recorded events: a function of the ledger alone, kept by correlation (its message key).

`RecordedState` is read by the core; `Overlay` collects what a batch adds and hands it over once the batch is committed.
`fold` is the only way in, for a record just made and for one read back from the ledger topic.
"""

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol


class Head(NamedTuple):
    """The last record of a correlation."""

    sequence_no: int
    hash: bytes


class KnownEvent(NamedTuple):
    """Where a recorded event came from, and the digest of what makes it the same fact (16 bytes)."""

    epoch: int
    offset: int
    digest: bytes


class SourceNumbers(NamedTuple):
    """One instance's numbers in one correlation: the next expected and the ranges still missing below it."""

    next: int
    gaps: tuple[tuple[int, int], ...]
    """Ascending, inclusive."""


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
