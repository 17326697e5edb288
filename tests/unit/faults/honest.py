"""What the topics hold when nothing went wrong, made in memory, for tests to damage."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from chatsnapshot_processors.core.policy import SequencingPolicy
from chatsnapshot_processors.core.recorded_state import MemoryState
from chatsnapshot_processors.core.records import Output, Quarantined, Recorded, StateChange
from chatsnapshot_processors.core.sequencer import Sequencer
from chatsnapshot_processors.quarantine_record import quarantine_headers
from chatsnapshot_schemas.avro_schema import ledger_schema
from chatsnapshot_schemas.codec import decode_ledger_plain, encode_ledger, encode_plain
from chatsnapshot_schemas.connections import TopicNames
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.partitioning import partition_of
from chatsnapshot_schemas.state_entries import EpochEntry, encode_epoch, epoch_key, policy_key
from tests.faults.lab import Acknowledged
from tests.faults.oracle import topic_violations
from tests.faults.oracle.facts import Facts, is_tick
from tests.faults.oracle.places import places_of
from tests.faults.oracle.reprocessing import input_record
from tests.faults.oracle.seen import Committed, Headers, Logs, Raw, Seen
from tests.faults.oracle.violations import Violation
from tests.faults.workload import Workload

FRAMING = Framing()
NOVEMBER_2026_MS = 1_795_000_000_000
NAMES = TopicNames(prefix="forged")
PREFIX = FRAMING.prefix("ledger", ledger_schema())
Sent = tuple[bytes | None, bytes | None, int, Headers]
"""Key, value, append time in milliseconds, headers."""


def honest(seed: int = 1, count: int = 200, partitions: int = 2) -> Seen:
    """The topics after `count` events of the laboratory's workload."""
    inputs = Workload(random.Random(seed), runs=8).inputs(count)
    return sequenced(
        [(key, value, NOVEMBER_2026_MS + at, ()) for at, (key, value) in enumerate(inputs)], partitions=partitions
    )


def sequenced(
    sent: Iterable[Sent],
    *,
    partitions: int = 1,
    policies: Sequence[tuple[int, SequencingPolicy]] = ((0, SequencingPolicy()),),
) -> Seen:
    """The topics after these inputs, partitioned by key."""
    seen = Seen(partitions, NAMES, _logs(partitions), _logs(partitions), _logs(partitions), _logs(partitions))
    for key, value, at_ms, headers in sent:
        log = seen.events[partition_of(key or b"", partitions)]
        log.append(Raw(partition_of(key or b"", partitions), len(log), at_ms, key, value, headers))
    for partition in range(partitions):
        _sequence(seen, partition, policies)
    seen.committed = _committed(seen)
    seen.acknowledged = [
        Acknowledged(raw.partition, raw.offset, raw.key, raw.value)
        for log in seen.events.values()
        for raw in log
        if not is_tick(raw)
    ]
    return seen


def changed(raw: Raw, **fields: Any) -> Raw:
    return replace(raw, **fields)


def forged(raw: Raw, **fields: Any) -> Raw:
    """A ledger record that says something else of itself, with a hash that fits its bytes."""
    plain = decode_ledger_plain(FRAMING.ledger_body(raw.value))
    _, body = encode_ledger({**plain, **fields}, encode_plain(plain["envelope"]))
    return changed(raw, value=PREFIX + body)


def without(log: list[Raw], at: int) -> Raw:
    """Take one record out; those behind it move up, as if it had never been written."""
    taken = log.pop(at)
    log[at:] = [changed(raw, offset=raw.offset - 1) for raw in log[at:]]
    return taken


def whats(violations: Iterable[Violation], check: int) -> list[str]:
    """What the violations of one check say."""
    return [each.what for each in violations if each.check == check]


def examined(seen: Seen) -> list[Violation]:
    """All that is wrong with the topics."""
    facts = Facts(seen)
    return list(topic_violations(facts, places_of(facts)))


def violated(seen: Seen) -> set[int]:
    """Numbers of the checks."""
    return {each.check for each in examined(seen)}


def _logs(partitions: int) -> Logs:
    return {partition: [] for partition in range(partitions)}


def _sequence(seen: Seen, partition: int, policies: Sequence[tuple[int, SequencingPolicy]]) -> None:
    state = seen.state[partition]
    _append(state, partition, epoch_key(1), encode_epoch(EpochEntry(1, "topic", seen.partitions)))
    for offset, policy in policies:
        _append(state, partition, policy_key(1, offset), policy.to_json())
    core = Sequencer(
        partition=partition,
        partitions=seen.partitions,
        epoch=1,
        framing=FRAMING,
        policies=policies,
        state=MemoryState(),
    )
    for raw in seen.events[partition]:
        for output in core.step(input_record(raw)):
            _write(seen, partition, output)


def _write(seen: Seen, partition: int, output: Output) -> None:
    match output:
        case Recorded():
            _append(seen.ledger[partition], partition, output.key, PREFIX + output.body)
        case Quarantined(record):
            headers = tuple(
                (name, value.encode() if isinstance(value, str) else value)
                for name, value in quarantine_headers(output)
            )
            _append(seen.quarantine[partition], partition, record.key, record.value, headers)
        case StateChange(key, value):
            _append(seen.state[partition], partition, key, value)


def _append(log: list[Raw], partition: int, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
    log.append(Raw(partition, len(log), 0, key, value, headers))


def _committed(seen: Seen) -> list[Committed]:
    groups = (
        (NAMES.sequencer_group, NAMES.events, seen.events),
        (NAMES.sink_group, NAMES.ledger, seen.ledger),
        (f"{NAMES.sink_group}-upserts", NAMES.state, seen.state),
        (f"{NAMES.sink_group}-upserts", NAMES.quarantine, seen.quarantine),
    )
    return [
        Committed(group, topic, partition, len(log), "", len(log))
        for group, topic, logs in groups
        for partition, log in logs.items()
    ]
