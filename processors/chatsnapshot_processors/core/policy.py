"""What the core is told: bounds and policies. Recorded in the state topic, because they decide the ledger's bytes."""

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal, Self

CORE_VERSION = 2
"""Raised whenever the same input and settings would give other bytes. 2: a tick has no value, a record has a greatest
size, and the sources with used numbers have a greatest count."""


@dataclass(frozen=True, slots=True)
class SequencingPolicy:
    """Bounds of waiting; sizes in bytes of the input value, times in microseconds of stream time."""

    hold_micros: int = 30_000_000
    cause_policy: Literal["record", "strict"] = "record"
    held_events_per_correlation: int = 1_000
    held_bytes_per_correlation: int = 16 * 1024 * 1024
    held_events_per_partition: int = 20_000
    held_bytes_per_partition: int = 256 * 1024 * 1024
    core_version: int = CORE_VERSION

    def to_json(self) -> bytes:
        """The value of a policy entry in the state topic."""
        return json.dumps(asdict(self), sort_keys=True).encode()

    @classmethod
    def from_json(cls, value: bytes) -> Self:
        """From the value of a policy entry."""
        return cls(**json.loads(value))


class PolicyTimeline:
    """Which policy is in force at which input offset."""

    def __init__(self, policies: Sequence[tuple[int, SequencingPolicy]]) -> None:
        """`policies`: (first input offset it applies to, policy), ascending; the first also covers what is before
        it."""
        self._starts = [start for start, _ in policies]
        self._policies = [policy for _, policy in policies]
        if not policies or self._starts != sorted(set(self._starts)):
            raise ValueError("policies are needed in ascending order of their first input offset")

    def at(self, offset: int) -> SequencingPolicy:
        """The policy for the input record at `offset`."""
        if len(self._starts) == 1:
            return self._policies[0]
        return self._policies[max(bisect_right(self._starts, offset) - 1, 0)]
