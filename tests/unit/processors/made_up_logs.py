"""Logs with everything that can go wrong in them, made from a seed."""

import random
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from chatsnapshot_processors.core.policy import SequencingPolicy
from chatsnapshot_schemas.headers import CONTROL, TICK
from chatsnapshot_schemas.rules import Plain
from chatsnapshot_schemas.state_entries import Headers
from tests.unit.processors.event_values import event, value_of
from tests.unit.processors.lane_in_memory import REDRIVEN

TICKED: Headers = ((CONTROL, TICK),)


@dataclass(frozen=True)
class Entry:
    """One record of a log; `at` in seconds."""

    value: bytes | None
    at: int
    headers: Headers


@dataclass(frozen=True)
class MadeUp:
    """A log, and what it is sequenced with."""

    entries: list[Entry]
    policies: list[tuple[int, SequencingPolicy]]


def made_up_logs(*, cycles: bool = True) -> st.SearchStrategy[MadeUp]:
    """Runs, sources and causes; lost, repeated, displaced, renumbered, broken, redriven events; ticks and jumps in
    time."""
    return st.builds(
        made_up_log,
        seed=st.integers(0, 2**32),
        count=st.integers(1, 40),
        displacement=st.sampled_from([1, 8, 40]),
        cycles=st.just(cycles),
    )


def made_up_log(*, seed: int, count: int, displacement: int, cycles: bool) -> MadeUp:
    """One log. `displacement`: by how many places an event may come too late; `cycles`: whether anything may name
    anything."""
    rnd = random.Random(seed)
    events = _story(rnd, count, cycles=cycles)
    displaced = sorted(events, key=lambda one: one[0] + rnd.random() * displacement)
    entries: list[Entry] = []
    now = 0
    for _, plain in displaced:
        now += rnd.choice([0, 0, 0, 1, 5, 25]) - rnd.choice([0, 0, 3])
        entries.extend(_appended(rnd, plain, now, cycles=cycles))
    policies = [(0, _policy(rnd))]
    if rnd.random() < 0.5:
        policies.append((rnd.randint(1, len(entries) + 1), _policy(rnd)))
    return MadeUp([*entries, Entry(None, now + 500, TICKED)], policies)


def _story(rnd: random.Random, count: int, *, cycles: bool) -> list[tuple[int, Plain]]:
    """Events in the order they happened: causes and numbers point backwards, unless there are to be cycles."""
    events: list[tuple[int, Plain]] = []
    numbers: dict[tuple[str, str], int] = {}
    for at in range(count):
        run, instance = rnd.choice(["one", "one", "two"]), rnd.choice("ijk")
        seq = None
        if rnd.random() < 0.8:
            seq = numbers.get((run, instance), 0)
            numbers[(run, instance)] = seq + 1
        reach = count if cycles and rnd.random() < 0.2 else at
        others = [f"e{rnd.randrange(reach)}" for _ in range(rnd.choice([0, 1, 1, 2, 3]))] if reach else []
        changes: dict[str, Any] = {"cause": others[0], "caused_by": tuple(others[1:])} if others else {}
        if others and rnd.random() < 0.1:
            changes["causation_correlation_id"] = "elsewhere"
        events.append((at, event(f"e{at}", run=run, instance=instance, seq=seq, **changes)))
    return events


def _appended(rnd: random.Random, plain: Plain, at: int, *, cycles: bool) -> list[Entry]:
    chance = rnd.random()
    if chance < 0.1:
        return []
    headers = REDRIVEN if rnd.random() < 0.05 else ()
    if chance < 0.2:
        plain = {**plain, "payload": "[]"}
    elif chance < 0.25 and cycles and plain["source_seq"] is not None:
        plain = {**plain, "source_seq": max(0, plain["source_seq"] + rnd.choice([-2, -1, 1, 2, 2_000_000]))}
    made = [Entry(value_of(plain), at, headers)]
    if rnd.random() < 0.15:
        made.append(Entry(value_of(_repeated(rnd, plain)), at + 1, ()))
    if rnd.random() < 0.1:
        made.append(rnd.choice([Entry(b"\xc3\x01junk", at, ()), Entry(None, at, ()), Entry(None, at, TICKED)]))
    return made


def _repeated(rnd: random.Random, plain: Plain) -> Plain:
    again = dict(plain)
    if rnd.random() < 0.3:
        again["payload"] = '{"another":"fact"}'
    if rnd.random() < 0.3 and plain["source_seq"] is not None:
        again["source_seq"] = plain["source_seq"] + 1
    return again


def _policy(rnd: random.Random) -> SequencingPolicy:
    return SequencingPolicy(
        hold_micros=rnd.choice([5, 30]) * 1_000_000,
        cause_policy=rnd.choice(["record", "record", "strict"]),
        held_events_per_correlation=rnd.choice([1, 3, 1_000]),
        held_bytes_per_correlation=rnd.choice([1_000, 1_000_000]),
        held_events_per_partition=rnd.choice([4, 1_000]),
        held_bytes_per_partition=rnd.choice([1_500, 1_000_000]),
    )
