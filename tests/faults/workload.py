"""Seeded input: runs with several numbered sources, causes, usage, tool calls and messages.

What is sent is in an order in which nothing has to be held; a fault that wants holds shuffles it.
"""

import json
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from chatsnapshot_schemas.rules import Plain
from tests.faults.content import content
from tests.pipeline.sequencer_installation import input_record

CAUSES_MAX = 3


@dataclass
class Workload:
    """`events` drawn over `runs` correlations from `sources` instances; the same for the same random choices."""

    choices: random.Random
    runs: int = 50
    sources: int = 2
    tenant: str = "default"
    name: str = ""
    _numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    _earlier: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.name = self.name or f"w{self.choices.randrange(1 << 32):08x}"

    def events(self, count: int) -> list[Plain]:
        """The next `count` envelopes as plain fields."""
        return list(self._drawn(count))

    def inputs(self, count: int) -> list[tuple[bytes, bytes]]:
        """The same, as keys and values of the events topic."""
        return [input_record(plain) for plain in self._drawn(count)]

    def _drawn(self, count: int) -> Iterator[Plain]:
        for _ in range(count):
            run = f"{self.name}-{self.choices.randrange(self.runs)}"
            yield self._event(run, f"{self.name}-source-{self.choices.randrange(self.sources)}")

    def _event(self, run: str, instance: str) -> Plain:
        earlier = self._earlier.setdefault(run, [])
        number = self._numbers.get((run, instance), 0)
        self._numbers[run, instance] = number + 1
        event_id = str(uuid.UUID(int=self.choices.getrandbits(128), version=4))
        causes = self.choices.sample(earlier[-20:], min(len(earlier[-20:]), self.choices.randrange(CAUSES_MAX)))
        earlier.append(event_id)
        event_type, payload = content(self.choices, run, number)
        return {
            "event_id": event_id,
            "tenant_id": self.tenant,
            "correlation_id": run,
            "causation_id": causes[0] if causes else None,
            "causation_correlation_id": None,
            "caused_by": causes[1:],
            "event_type": event_type,
            "timestamp": 1_750_000_000_000_000 + self.choices.randrange(10**12),
            "source": {
                "origin": "agent",
                "runtime": "custom",
                "service": "faults",
                "instance": instance,
                "agent": self.choices.choice((None, "planner", "worker")),
            },
            "source_seq": number,
            "subject_id": None,
            "headers": {},
            "payload": json.dumps(payload),
            "payload_ref": None,
        }
