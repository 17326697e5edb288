"""The events that are measured: runs of agents, interleaved, about 350 bytes each on the wire.

Deterministic in (count, seed). Every event but the first of a run names the one before it as its cause; one in a
hundred is sent a second time, so that finding duplicates is part of the job.
"""

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from chatsnapshot_schemas.avro_schema import envelope_schema
from chatsnapshot_schemas.codec import encode_plain
from chatsnapshot_schemas.framing import SINGLE_OBJECT
from chatsnapshot_schemas.partitioning import message_key
from chatsnapshot_schemas.rules import Plain

EVENTS_PER_RUN = 50
"""So 200,000 events are 4,000 runs: none dominates, none is trivial."""
DUPLICATE_ONE_IN = 100
TENANT = "default"
FIRST_TIMESTAMP = 1_790_000_000_000_000

_PREFIX = SINGLE_OBJECT + envelope_schema().fingerprint
_WORDS = "the order was shipped on monday and the refund of the second item is on its way to the bank "

_USAGE = '"usage":{"input_uncached":%d,"cache_read":96,"output_text":%d}'
_STEPS = (
    ("execution.message", '{"role":"user","content":"%s"}', 130),
    ("execution.message", '{"role":"assistant","model":"gpt-5","content":"%s",' + _USAGE % (120, 33) + "}", 75),
    ("execution.tool_call", '{"tool_call_id":"call_%d","name":"lookup","arguments":{"order":"%s"}}', 75),
    ("execution.tool_result", '{"tool_call_id":"call_%d","name":"lookup","status":"ok","output":"%s"}', 95),
    ("execution.state_change", '{"kind":"checkpoint","step":%d,"note":"%s"}', 95),
)
_STARTED = ("system.workflow_started", '{"workflow_name":"refund","user_id":"u-17","name":"%s"}', 75)


@dataclass(slots=True)
class Event:
    """One message of the events topic."""

    key: bytes
    value: bytes


@dataclass
class Backlog:
    """Messages in the order in which they are sent."""

    events: list[Event] = field(default_factory=list)
    distinct: int = 0
    """Without those that were sent twice: so many records the ledger gets."""

    @property
    def value_bytes_mean(self) -> float:
        """Bytes on the wire, framing included."""
        return sum(len(event.value) for event in self.events) / len(self.events)


def backlog(count: int, *, runs: int = 0, seed: int = 1, duplicates: bool = True, prefix: str = "run") -> Backlog:
    """`count` messages over `runs` runs (0: one for every 50)."""
    made = Backlog()
    chooser = random.Random(seed)
    for event in _distinct(count, runs or max(1, count // EVENTS_PER_RUN), chooser, prefix):
        if len(made.events) >= count:
            break
        made.events.append(event)
        made.distinct += 1
        if duplicates and len(made.events) < count and chooser.randrange(DUPLICATE_ONE_IN) == 0:
            made.events.append(event)
    return made


def payload_text(number: int) -> tuple[str, str]:
    """Event type and payload of the n-th event of a run."""
    turn, step = divmod(number - 1, len(_STEPS))
    event_type, form, length = _STARTED if number == 0 else _STEPS[step]
    text = (_WORDS * 2)[:length]
    return event_type, form % ((turn, text) if "%d" in form else text)


def _distinct(count: int, runs: int, chooser: random.Random, prefix: str) -> Iterator[Event]:
    instance = str(uuid.UUID(int=chooser.getrandbits(128)))
    next_number = [0] * runs
    last_id: list[str | None] = [None] * runs
    for at in range(count):
        which = chooser.randrange(runs)
        event_id = str(uuid.UUID(int=chooser.getrandbits(128)))
        correlation = f"{prefix}-{which:06d}"
        plain = _plain(event_id, correlation, last_id[which], next_number[which], FIRST_TIMESTAMP + at, instance)
        last_id[which] = event_id
        next_number[which] += 1
        yield Event(message_key(TENANT, correlation), _PREFIX + encode_plain(plain))


def _plain(event_id: str, correlation: str, cause: str | None, number: int, timestamp: int, instance: str) -> Plain:
    event_type, payload = payload_text(number)
    return {
        "event_id": event_id,
        "tenant_id": TENANT,
        "correlation_id": correlation,
        "causation_id": cause,
        "causation_correlation_id": None,
        "caused_by": [],
        "event_type": event_type,
        "timestamp": timestamp,
        "source": {
            "origin": "system" if event_type.startswith("system") else "agent",
            "runtime": "custom",
            "service": "bench",
            "instance": instance,
            "agent": None,
        },
        "source_seq": number,
        "subject_id": None,
        "headers": {},
        "payload": payload,
        "payload_ref": None,
    }
