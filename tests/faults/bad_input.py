"""Bad and odd input by the thousand, seeded: bytes for the events topic, and where each of them must end.

What is merely odd must be recorded; what is bad must come to quarantine with its reason and its own bytes.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from chatsnapshot_schemas.partitioning import message_key, partition_of
from chatsnapshot_schemas.reasons import Reason
from chatsnapshot_schemas.rules import Plain
from tests.faults.bad_bytes import damaged_values, older_envelope
from tests.faults.bad_fields import bad_fields
from tests.faults.odd_events import odd_events
from tests.faults.odd_headers import odd_headers
from tests.pipeline.sequencer_installation import event, input_record

LEDGER = "ledger"
DUPLICATE = "duplicate"
TICK = "tick"
ANYWHERE = frozenset({LEDGER, DUPLICATE, *map(str, Reason)})
"""A flipped bit may leave an event that is as good as any other."""
KafkaHeaders = list[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class Case:
    """One record to send, and the places in one of which it must end."""

    name: str
    key: bytes | None
    value: bytes | None
    places: frozenset[str]
    partition: int
    headers: KafkaHeaders = field(default_factory=list)


@dataclass
class BadInput:
    """Cases for an installation of so many partitions; the same for the same random choices."""

    choices: random.Random
    partitions: int

    def every_kind(self) -> Iterator[Case]:
        """Each kind once: what is wrong and what is only odd, in every field."""
        for name, value in damaged_values(self._good("damaged")):
            yield self._raw(name, value, Reason.UNDECODABLE)
        for name, value in foreign_schemas(self._good("foreign"), self.choices):
            yield self._raw(name, value, Reason.UNKNOWN_SCHEMA)
        for name, reason, changes in bad_fields():
            yield self._event(name, reason, changes)
        for name, changes in odd_events():
            yield self._event(name, LEDGER, changes)
        for name, headers in odd_headers(self.choices):
            yield self._event(f"headers {name}", LEDGER, {}, headers)
            yield self._raw(f"headers {name} on garbage", b"garbage", Reason.UNDECODABLE, headers)
        yield from self._keys()
        yield from self._twice()

    def truncated(self, count: int) -> Iterator[Case]:
        """An envelope cut short anywhere."""
        for at in range(count):
            value = self._good(f"cut-{at}")
            size = self.choices.randrange(len(value))
            reason = Reason.UNDECODABLE
            yield self._raw(f"cut to {size} bytes", value[:size], reason)

    def flipped(self, count: int) -> Iterator[Case]:
        """An envelope with one to three bits turned round."""
        for at in range(count):
            key, whole = input_record(event(f"flipped-{at}", 0))
            value = bytearray(whole)
            for bit in self.choices.choices(range(8 * len(value)), k=self.choices.randrange(1, 4)):
                value[bit >> 3] ^= 1 << (bit & 7)
            yield Case("flipped", key, bytes(value), ANYWHERE, partition_of(key, self.partitions))

    def garbage(self, count: int) -> Iterator[Case]:
        """Bytes that are nothing; some begin like an envelope."""
        prefix = self._good("prefix")[:10]
        for _ in range(count):
            noise = self.choices.randbytes(self.choices.randrange(1, 600))
            value = noise if self.choices.random() < 0.5 else prefix + noise
            # noise may begin with a framing by chance
            places = frozenset({str(Reason.UNDECODABLE), str(Reason.UNKNOWN_SCHEMA)})
            yield Case("noise", None, value, places, self.choices.randrange(self.partitions))

    def _keys(self) -> Iterator[Case]:
        """The key decides nothing: the ids inside do."""
        for name, key in (
            ("null key", None),
            ("empty key", b""),
            ("another's key", b"default/other"),
            ("\\xff", b"\xff"),
        ):
            plain = event(f"keyed {name}", 0)
            home, value = input_record(plain)
            yield Case(name, key, value, frozenset({LEDGER}), partition_of(home, self.partitions))
        for number in range(20):
            key, value = input_record(event(f"astray-{number}", 0))
            wrong = (partition_of(key, self.partitions) + 1) % self.partitions
            yield Case("wrong partition", key, value, frozenset({str(Reason.MISROUTED)}), wrong)

    def _twice(self) -> Iterator[Case]:
        """The same id again: as the same fact, as another one, and among its own causes."""
        first = event("twice", 0)
        yield self._of(first, "first", LEDGER)
        yield self._of(first, "same bytes again", DUPLICATE)
        yield self._of({**first, "timestamp": 5, "headers": {"a": "b"}}, "same fact at another time", DUPLICATE)
        yield self._of({**first, "payload": '{"role":"system"}'}, "another payload", Reason.EVENT_ID_CONFLICT)
        yield self._of({**first, "subject_id": "somebody"}, "another subject", Reason.EVENT_ID_CONFLICT)
        again = event("twice", 1)
        own = {**again, "causation_id": again["event_id"]}
        yield self._of(own, "its own cause", Reason.SELF_CAUSE)
        among = {**event("twice", 2, first["event_id"]), "caused_by": [event("twice", 2)["event_id"]]}
        yield self._of(among, "among its own causes", Reason.SELF_CAUSE)

    def _good(self, run: str) -> bytes:
        return input_record(event(run, 0))[1]

    def _raw(self, name: str, value: bytes | None, reason: Reason, headers: KafkaHeaders | None = None) -> Case:
        key = self.choices.choice((None, b"default/unreadable", b"no slash", b"\xff\xfe/\x00"))
        partition = self.choices.randrange(self.partitions)
        return Case(name, key, value, frozenset({str(reason)}), partition, headers or [])

    def _event(self, name: str, place: str, changes: Plain, headers: KafkaHeaders | None = None) -> Case:
        plain = {**event(f"{name} #{self.choices.randrange(1 << 40)}"[:200], 0), **changes}
        return self._of(plain, name, place, headers)

    def _of(self, plain: Plain, name: str, place: str, headers: KafkaHeaders | None = None) -> Case:
        key, value = input_record(plain)
        home = partition_of(message_key(plain["tenant_id"], plain["correlation_id"]), self.partitions)
        return Case(name, key, value, frozenset({str(place)}), home, headers or [])


def foreign_schemas(value: bytes, choices: random.Random) -> Iterator[tuple[str, bytes]]:
    """Well framed values of schemas that this version does not know."""
    body = value[10:]
    yield "random fingerprint", b"\xc3\x01" + choices.randbytes(8) + body
    yield "zero fingerprint", b"\xc3\x01" + bytes(8) + body
    yield "zeros", bytes(1_000)
    yield "schema id without a registry", b"\0" + choices.randbytes(4) + body
    yield "an older schema", older_envelope(event("older", 0))
