"""A tenant that fills every limit of held events, while others go on."""

from collections import Counter
from dataclasses import asdict, dataclass
from itertools import zip_longest

import pytest

from chatsnapshot_processors.core.policy import SequencingPolicy
from chatsnapshot_schemas.partitioning import message_key, partition_of
from chatsnapshot_schemas.rules import Plain
from chatsnapshot_schemas.state_entries import HELD, decode_held
from tests.faults.bad_fields import payload_of
from tests.faults.input_stream import short_holds
from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.pipeline.sequencer_installation import event, event_id, input_record

GREEDY = "greedy"
OTHERS = 1_500
LARGE_BYTES = 100_000
SMALL = SequencingPolicy(
    held_events_per_correlation=40,
    held_bytes_per_correlation=5 * LARGE_BYTES,
    held_events_per_partition=300,
    held_bytes_per_partition=20 * LARGE_BYTES,
)
SHIPPED = SequencingPolicy(held_bytes_per_correlation=5 * LARGE_BYTES, held_bytes_per_partition=100 * LARGE_BYTES)
"""The numbers of events as they are shipped; the bytes are not, or a test would move gigabytes."""


@dataclass
class Peak:
    """The most that was held at once, by partition and by (partition, correlation)."""

    events: Counter[object]
    size: Counter[object]


@pytest.mark.parametrize(
    "policy", [SMALL, pytest.param(SHIPPED, marks=pytest.mark.slow_fault)], ids=["small", "shipped"]
)
def test_a_tenant_that_fills_the_limits_of_held_events(lab: Lab, policy: SequencingPolicy) -> None:
    """Its oldest are recorded early, unresolved; what another tenant sends waits for nothing and loses nothing."""
    greedy = [*too_many_events(lab, policy), *too_many_bytes(lab, policy)]
    beside = lab.workload(tenant="modest").inputs(OTHERS)
    step = max(1, len(greedy) // OTHERS)
    mixed = [greedy[at : at + step] for at in range(0, len(greedy), step)]
    lab.send(one for several, other in zip_longest(mixed, beside) for one in [*(several or []), other] if one)
    with short_holds(lab, policy=limits_of(policy), hold_micros=8_000_000):
        lab.settle()
    ledger = lab.installation.ledger()
    assert_reached(lab, policy)
    modest = [plain for plain in ledger if plain["envelope"]["tenant_id"] == "modest"]
    assert len(modest) == OTHERS
    assert not any(plain["gap_before"] or plain["late"] or plain["cause"] == "unresolved" for plain in modest)
    for partition in range(lab.partitions):
        offsets = [plain["input_offset"] for plain in modest if plain["input_partition"] == partition]
        assert offsets == sorted(offsets)
    assert {plain["cause"] for plain in ledger if plain["envelope"]["tenant_id"] == GREEDY} == {"unresolved"}
    examine(lab)


def limits_of(policy: SequencingPolicy) -> dict[str, object]:
    return {name: value for name, value in asdict(policy).items() if name.startswith("held_")}


def too_many_events(lab: Lab, policy: SequencingPolicy) -> list[tuple[bytes, bytes]]:
    """In partition 0: correlations that fill the partition without being over their own limit, and one that is."""
    per_run = policy.held_events_per_correlation
    runs = policy.held_events_per_partition // per_run + 2
    over = [waiting(run_of(lab, 0, "over"), number, "{}") for number in range(2 * per_run)]
    names = [run_of(lab, 0, f"many-{at}") for at in range(runs)]
    return over + [waiting(name, number, "{}") for number in range(per_run - 1) for name in names]


def too_many_bytes(lab: Lab, policy: SequencingPolicy) -> list[tuple[bytes, bytes]]:
    """The same in partition 1, with few large events."""
    per_run = policy.held_bytes_per_correlation // LARGE_BYTES
    runs = policy.held_bytes_per_partition // ((per_run - 1) * LARGE_BYTES) + 2
    payload = payload_of(LARGE_BYTES)
    over = [waiting(run_of(lab, 1, "heavy"), number, payload) for number in range(2 * per_run)]
    names = [run_of(lab, 1, f"heavy-{at}") for at in range(runs)]
    return over + [waiting(name, number, payload) for number in range(per_run - 1) for name in names]


def run_of(lab: Lab, partition: int, name: str) -> str:
    """A run's name that belongs to the partition."""
    names = (f"{name}.{at}" for at in range(1_000))
    return next(each for each in names if partition_of(message_key(GREEDY, each), lab.partitions) == partition)


def waiting(run: str, number: int, payload: str) -> tuple[bytes, bytes]:
    """An event whose cause never comes."""
    cause = event_id(run, 999_999)
    return input_record(event(run, number, cause, tenant_id=GREEDY, source_seq=None, payload=payload))


def assert_reached(lab: Lab, policy: SequencingPolicy) -> None:
    """Every limit was reached, and never passed by more than the event that is decided at the moment."""
    peak = peaks(lab)
    correlations = {place: count for place, count in peak.events.items() if isinstance(place, tuple)}
    assert max(correlations.values()) == policy.held_events_per_correlation + 1
    assert peak.events[0] == policy.held_events_per_partition + 1
    largest = LARGE_BYTES + 1_000
    sizes = {place: size for place, size in peak.size.items() if isinstance(place, tuple)}
    assert policy.held_bytes_per_correlation < max(sizes.values()) <= policy.held_bytes_per_correlation + largest
    assert policy.held_bytes_per_partition < peak.size[1] <= policy.held_bytes_per_partition + largest


def peaks(lab: Lab) -> Peak:
    """From the state topic, record by record: it is written in the order of decisions."""
    now, peak = Peak(Counter(), Counter()), Peak(Counter(), Counter())
    held: dict[tuple[int, bytes], Plain] = {}
    for message in lab.installation.records(lab.topics.state):
        key, value, partition = bytes(message.key() or b""), message.value(), message.partition()
        if not key.startswith(HELD.encode()) or partition is None:
            continue
        sign = -1 if value is None else 1
        if isinstance(value, bytes):
            entry = decode_held(value)
            held[partition, key] = {"run": entry.correlation_id, "size": len(entry.value)}
        what = held[partition, key]
        for place in (partition, (partition, what["run"])):
            now.events[place] += sign
            now.size[place] += sign * what["size"]
            peak.events[place] = max(peak.events[place], now.events[place])
            peak.size[place] = max(peak.size[place], now.size[place])
    return peak
