"""The values that pass through a sink: records of one partition, the batch they become, the inserts it consists of."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol, Self

from chatsnapshot_projections.sink_offsets import Span


class Record(Protocol):
    """What is read of a Kafka message (confluent-kafka's `Message` without its optional types)."""

    def partition(self) -> int:
        """Partition it was read from."""
        ...

    def offset(self) -> int:
        """Place in its partition."""
        ...

    def key(self) -> bytes | None:
        """The key's bytes."""
        ...

    def value(self) -> bytes | None:
        """The value's bytes; None is a tombstone."""
        ...

    def headers(self) -> list[tuple[str, bytes | None]] | None:
        """Headers in order, if any."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """One partition of one topic; the id tells a topic from a later one of the same name."""

    topic: str
    topic_id: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}"


@dataclass(frozen=True, slots=True)
class Mark:
    """An offset to be committed, with what is written beside it."""

    source: Source
    offset: int
    metadata: str


@dataclass(frozen=True, slots=True)
class Insert:
    """One statement with its data, byte for byte the same at every attempt."""

    table: str
    token: str
    body: bytes
    rows: int


class OpenBatch(Protocol):
    """Records of one partition on their way into a batch."""

    records: int
    """Taken so far, also those that give no row."""
    size: int
    """Bytes held in memory."""
    first: int
    last: int
    """Offsets of the first and the last record taken; -1 when there is none."""
    unreadable: str | None
    """Why the record after `last` cannot be taken, in words for a person; None: nothing is wrong."""

    @property
    def is_full(self) -> bool:
        """Whether it must be closed before more is taken."""
        ...

    def take(self, records: Sequence[Record], start: int, *, unbounded: bool = False) -> int:
        """Take from index `start` on until full or unreadable; returns the index of the first that was not taken.

        `unbounded`: the range was fixed before, so limits do not apply.
        """
        ...

    def span(self) -> Span:
        """What it covers; not to be asked of an empty one."""
        ...

    def inserts(self, companions: Sequence[Self] = ()) -> tuple[Insert, ...]:
        """The statements that bring it into ClickHouse together with `companions`, open batches of other partitions.

        A function of the records alone.
        """
        ...


class Stage(Enum):
    """How far a batch has come."""

    CLOSED = auto()
    """Its range is fixed; nobody else knows."""
    ANNOUNCED = auto()
    """Its range is committed as pending, or need not be."""
    STORED = auto()
    """Every insert was acknowledged."""


@dataclass(slots=True)
class Batch:
    """A closed batch and its progress. The lanes of its partitions share it."""

    spans: tuple[Span, ...]
    """In the order of their partitions."""
    records: int
    size: int
    inserts: tuple[Insert, ...]
    stage: Stage
    stored: int = 0
    """How many of `inserts` are acknowledged."""
    in_flight: bool = False
    attempts: int = 0
    """Failed ones of the current step."""
    retry_at: float = 0.0
    """Monotonic seconds."""

    def span_of(self, partition: int) -> Span:
        """What it covers of one of its partitions."""
        return next(span for span in self.spans if span.partition == partition)


def closed_batch(parts: Sequence[OpenBatch], *, is_announced: bool) -> Batch:
    """One batch of open ones, in any order. `is_announced`: nothing has to be committed before it is inserted."""
    inserts = parts[0].inserts(parts[1:])
    return Batch(
        spans=tuple(sorted(part.span() for part in parts)),
        records=sum(part.records for part in parts),
        size=sum(part.size for part in parts),
        inserts=inserts,
        stage=Stage.ANNOUNCED if is_announced or not inserts else Stage.CLOSED,
    )
