"""A registry that does not answer stops a step before anything is changed."""

import pytest

from chatsnapshot_processors.core.policy import PolicyTimeline, SequencingPolicy
from chatsnapshot_processors.core.recorded_state import Changes, MemoryState
from chatsnapshot_processors.core.records import InputRecord
from chatsnapshot_processors.core.sequencer import Sequencer
from chatsnapshot_schemas.avro_schema import AvroSchema, envelope_schema
from chatsnapshot_schemas.codec import encode_plain
from chatsnapshot_schemas.errors import RegistryUnavailable
from chatsnapshot_schemas.framing import Framing
from tests.unit.processors.event_values import event


class Registry:
    """Knows the envelope as number 7, when it answers."""

    answers = False

    def id_of(self, subject: str, schema: AvroSchema) -> int:
        return 7

    def fingerprint_of(self, schema_id: int) -> bytes | None:
        if not self.answers:
            raise RegistryUnavailable("no answer")
        return envelope_schema().fingerprint if schema_id == 7 else None


def test_a_registry_that_does_not_answer_sends_nothing_to_quarantine() -> None:
    registry = Registry()
    sequencer = Sequencer(
        partition=0,
        partitions=1,
        epoch=1,
        framing=Framing(registry),
        policies=[(0, SequencingPolicy())],
        state=MemoryState(),
    )
    record = InputRecord(0, 5, b"", b"\0\0\0\0\7" + encode_plain(event("a")))
    with pytest.raises(RegistryUnavailable):
        sequencer.step(record)
    assert sequencer.stream_time == 0
    assert sequencer.overlay.take_changes() == Changes()
    registry.answers = True
    assert len(sequencer.step(record)) == 1
    assert sequencer.counts.recorded == 1


def test_the_policy_in_force_is_the_last_that_started() -> None:
    one, two, three = (SequencingPolicy(hold_micros=n) for n in (1, 2, 3))
    timeline = PolicyTimeline([(0, one), (10, two), (20, three)])
    assert [timeline.at(offset) for offset in (0, 9, 10, 19, 20, 99)] == [one, one, two, two, three, three]
    assert PolicyTimeline([(5, one)]).at(0) is one


@pytest.mark.parametrize("starts", [[], [3, 1], [1, 1]])
def test_policies_must_be_in_order(starts: list[int]) -> None:
    with pytest.raises(ValueError, match="ascending"):
        PolicyTimeline([(start, SequencingPolicy()) for start in starts])
