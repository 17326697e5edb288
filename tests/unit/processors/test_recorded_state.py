"""Overlay and memory state."""

from chatsnapshot_processors.core.recorded_state import Changes, Head, KnownEvent, MemoryState, Overlay, SourceNumbers
from chatsnapshot_processors.core.same_fact import fact_digest
from tests.unit.processors.event_values import event, id_of
from tests.unit.processors.lane_in_memory import Lane

RUN = b"default/run"


def test_an_overlay_reads_through_to_its_base_and_hands_over_what_was_added() -> None:
    lane = Lane()
    lane.send(event("a", seq=0))
    assert lane.base.head(RUN) is None
    assert lane.sequencer.overlay.head(RUN) == Head(1, lane.ledger[0][:32])
    lane.commit()
    assert lane.base.head(RUN) == Head(1, lane.ledger[0][:32])
    assert lane.base.known(RUN, id_of("a")) == KnownEvent(1, 0, fact_digest(event("a")))
    assert lane.base.numbers(RUN, "i") == SourceNumbers(1, ())
    assert lane.sequencer.overlay.take_changes() == Changes()
    lane.send(event("b", seq=1, cause="a"))
    assert lane.sequencer.overlay.numbers(RUN, "i") == SourceNumbers(2, ())
    assert lane.base.numbers(RUN, "i") == SourceNumbers(1, ())


def test_folding_the_ledger_gives_what_recording_gave() -> None:
    lane = Lane()
    for name, seq in (("a", 0), ("c", 3), ("b", 1)):
        lane.send(event(name, seq=seq), at=lane.next_offset * 40)
    lane.tick(1_000)
    again = Overlay(MemoryState())
    for plain in lane.records:
        again.fold(plain)
    assert again.take_changes() == lane.sequencer.overlay.take_changes()


def test_what_is_not_there_is_none() -> None:
    state = MemoryState()
    assert (state.head(RUN), state.known(RUN, "x"), state.numbers(RUN, "i")) == (None, None, None)


def test_the_digest_tells_fields_apart() -> None:
    digests = {
        fact_digest(event("a", **changes))
        for changes in (
            {},
            {"subject_id": id_of("x")},
            {"causation_id": id_of("x")},
            {"payload_ref": {"uri": "u", "sha256": id_of("x"), "bytes": 1}},
            {"payload": f"{id_of('x')}"},
            {"event_type": "execution.other"},
        )
    }
    assert len(digests) == 6
    assert {len(digest) for digest in digests} == {16}
