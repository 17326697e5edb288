"""Views `held` and `quarantine` against what the topics say waits.

They are upserts, written a moment later: what the topics said since they were read is left out of the comparison.
"""

from collections.abc import Iterator
from typing import Any

from confluent_kafka import Consumer

from chatsnapshot.kafka.partition_log import read_partition
from chatsnapshot.verification.findings import Finding, Kind
from chatsnapshot.verification.table_queries import TableQueries
from chatsnapshot.verification.waiting import Waiting
from chatsnapshot_schemas.connections import KafkaConnection, TopicNames
from chatsnapshot_schemas.quarantine_entries import input_place
from chatsnapshot_schemas.state_entries import HELD, held_position

Position = tuple[int, int]
"""(epoch, input offset)."""


def waiting_table_findings(
    tables: TableQueries,
    consumer: Consumer,
    kafka: KafkaConnection,
    names: TopicNames,
    partition: int,
    waiting: Waiting,
) -> Iterator[Finding]:
    """One partition; the sink has reached the ends that `waiting` names."""
    held = {position: each.event_id for position, (_, each) in waiting.held.items()}
    shown = {
        (int(epoch), int(offset)): str(event) for epoch, offset, event in tables.ask("held_shown", partition=partition)
    }
    moved = set(_held_since(consumer, kafka, names, partition, waiting.state_end))
    yield from _differences(Kind.HELD_DIFFERS, partition, held, shown, moved)
    refused = {(place.epoch, place.offset): each.finding.event_id or "" for place, each in waiting.refused.items()}
    rows = tables.ask("quarantine_shown", partition=partition)
    shown = {(int(epoch), int(offset)): str(event) for epoch, offset, event in rows}
    moved = set(_refused_since(consumer, kafka, names, partition, waiting.quarantine_end))
    yield from _differences(Kind.QUARANTINE_DIFFERS, partition, refused, shown, moved)


def _differences(
    kind: Kind, partition: int, expected: dict[Position, str], shown: dict[Position, str], moved: set[Position]
) -> Iterator[Finding]:
    for position in sorted((expected.keys() ^ shown.keys()) - moved):
        what = "is not shown" if position in expected else "is shown, but does not wait"
        event_id = expected.get(position) or shown.get(position)
        yield Finding(kind, f"input {partition}@{position[1]} of epoch {position[0]} {what}", event_id=event_id)


def _held_since(
    consumer: Consumer, kafka: KafkaConnection, names: TopicNames, partition: int, start: int
) -> Iterator[Position]:
    for message in read_partition(consumer, kafka, names.state, partition, start):
        key: Any = message.key() or b""
        if key.startswith(HELD.encode()):
            yield held_position(key)


def _refused_since(
    consumer: Consumer, kafka: KafkaConnection, names: TopicNames, partition: int, start: int
) -> Iterator[Position]:
    for message in read_partition(consumer, kafka, names.quarantine, partition, start):
        pairs: Any = message.headers() or ()
        place = input_place(pairs)
        yield place.epoch, place.offset
