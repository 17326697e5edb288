"""A sequencer with the topics it writes, kept encoded, so that a restart reads what a real one would read."""

from collections.abc import Sequence

from chatsnapshot_processors.core.policy import SequencingPolicy
from chatsnapshot_processors.core.recorded_state import MemoryState, Overlay
from chatsnapshot_processors.core.records import Duplicate, InputRecord, Output, Quarantined, Recorded, StateChange
from chatsnapshot_processors.core.sequencer import Sequencer
from chatsnapshot_schemas.codec import decode_ledger_plain
from chatsnapshot_schemas.headers import CONTROL, REDRIVE, TICK
from chatsnapshot_schemas.rules import Plain
from chatsnapshot_schemas.state_entries import (
    HELD,
    USED,
    Headers,
    HeldEvent,
    NumberRanges,
    UsedKey,
    decode_held,
    decode_used,
    used_whose,
)
from tests.unit.processors.event_values import FRAMING, value_of

SECOND = 1_000_000
REDRIVEN: Headers = ((REDRIVE, b"1/0/0"),)


class Lane:
    """One input partition: give it input records, look at what it wrote."""

    def __init__(
        self,
        policy: SequencingPolicy | None = None,
        *,
        policies: Sequence[tuple[int, SequencingPolicy]] = (),
        partition: int = 0,
        partitions: int = 1,
        epoch: int = 1,
    ) -> None:
        self.policies = policies or [(0, policy or SequencingPolicy())]
        self.place = {"partition": partition, "partitions": partitions, "epoch": epoch}
        self.ledger: list[bytes] = []
        self.quarantine: list[Quarantined] = []
        self.duplicates: list[Duplicate] = []
        self.state_topic: dict[bytes, bytes] = {}
        self.written: list[Output] = []
        self.base = MemoryState()
        self.next_offset = 0
        self.now = 0
        self.sequencer = self._new(0)

    def send(self, plain: Plain | bytes | None, *, at: float | None = None, headers: Headers = ()) -> list[Output]:
        """Append an event (or raw bytes) `at` seconds (the time of the one before, if not given) and decide it."""
        value = value_of(plain) if isinstance(plain, dict) else plain
        if at is not None:
            self.now = round(at * SECOND)
        record = InputRecord(self.next_offset, self.now, b"key", value, headers)
        self.next_offset += 1
        return self.decide(record)

    def tick(self, at: float) -> list[Output]:
        """Append a control record."""
        return self.send(None, at=at, headers=((CONTROL, TICK),))

    def decide(self, record: InputRecord) -> list[Output]:
        """Give the record to the sequencer and write what it says."""
        outputs = self.sequencer.step(record)
        for output in outputs:
            self._write(output)
        self.written.extend(outputs)
        return outputs

    def commit(self) -> None:
        """End a batch: what the overlay collected goes into the base."""
        self.base.apply(self.sequencer.overlay.take_changes())

    def restart(self) -> None:
        """Begin again from the topics alone."""
        self.base = MemoryState()
        overlay = Overlay(self.base)
        for body in self.ledger:
            overlay.fold(decode_ledger_plain(body))
        self.base.apply(overlay.take_changes())
        self.sequencer = self._new(self.sequencer.stream_time)

    @property
    def records(self) -> list[Plain]:
        """The ledger's records."""
        return [decode_ledger_plain(body) for body in self.ledger]

    @property
    def held(self) -> list[HeldEvent]:
        """The state topic's held events, by offset."""
        entries = [decode_held(value) for key, value in self.state_topic.items() if key.startswith(HELD.encode())]
        return sorted(entries, key=lambda one: (one.input_epoch, one.input_offset))

    @property
    def used(self) -> dict[UsedKey, NumberRanges]:
        """The state topic's used numbers."""
        items = self.state_topic.items()
        return {used_whose(key): decode_used(value) for key, value in items if key.startswith(USED.encode())}

    def _new(self, stream_time: int) -> Sequencer:
        return Sequencer(
            **self.place,
            framing=FRAMING,
            policies=self.policies,
            state=self.base,
            held=reversed(self.held),
            used=self.used,
            stream_time=stream_time,
        )

    def _write(self, output: Output) -> None:
        match output:
            case Recorded():
                self.ledger.append(output.body)
            case Quarantined():
                self.quarantine.append(output)
            case Duplicate():
                self.duplicates.append(output)
            case StateChange(key, None):
                self.state_topic.pop(key, None)
            case StateChange(key, value):
                assert value is not None
                self.state_topic.pop(key, None)  # the order is that of the last change
                self.state_topic[key] = value


def names(lane: Lane, run: str = "run") -> list[str]:
    """The names of the recorded events of a run, in order."""
    return [row[0] for row in rows(lane, run)]


def rows(lane: Lane, run: str = "run") -> list[tuple[str, str, int, bool]]:
    """(name, cause, gap_before, late) of the recorded events of a run, in order."""
    return [
        (name_of(plain["envelope"]), plain["cause"], plain["gap_before"], plain["late"])
        for plain in lane.records
        if plain["envelope"]["correlation_id"] == run
    ]


def name_of(envelope: Plain) -> str:
    """The name in the payload."""
    payload: str = envelope["payload"]
    return payload.removeprefix('{"name":"').removesuffix('"}')


def reasons(lane: Lane) -> list[str]:
    """The reasons in the quarantine topic."""
    return [str(one.reason) for one in lane.quarantine]
