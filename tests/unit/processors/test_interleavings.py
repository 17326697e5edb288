"""With no bound reached, any input that keeps each source's order gives dense, valid, cause-respecting chains."""

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from chatsnapshot_processors.core.records import Duplicate
from chatsnapshot_schemas.chain import genesis_hash, is_intact
from chatsnapshot_schemas.rules import Plain
from tests.unit.processors.event_values import event
from tests.unit.processors.lane_in_memory import Lane

RUNS = ("one", "two")


@st.composite
def inputs(draw: st.DrawFn) -> tuple[list[Plain], list[Plain]]:
    """(every event once, the input): per source in order, sources interleaved at random, some events repeated later
    on."""
    count = draw(st.integers(1, 25))
    made: list[Plain] = []
    sources: dict[tuple[str, str], list[Plain]] = defaultdict(list)
    for at in range(count):
        run, instance = draw(st.sampled_from(RUNS)), draw(st.sampled_from("ijk"))
        before = [one["payload"][9:-2] for one in made if one["correlation_id"] == run]
        causes = draw(st.lists(st.sampled_from(before), max_size=3)) if before else []
        queue = sources[(run, instance)]
        seq = None if instance == "k" else len(queue)
        queue.append(
            event(
                f"e{at}",
                run=run,
                instance=instance,
                seq=seq,
                cause=causes[0] if causes else None,
                caused_by=tuple(causes[1:]),
            )
        )
        made.append(queue[-1])
    queues = [list(queue) for queue in sources.values()]
    sent: list[Plain] = []
    while queues:
        queue = draw(st.sampled_from(queues))
        sent.append(queue.pop(0))
        queues = [one for one in queues if one]
        if draw(st.integers(0, 4)) == 0:
            sent.append(draw(st.sampled_from(sent)))
    return made, sent


@settings(max_examples=150, deadline=None)
@given(inputs())
def test_every_event_once_in_a_dense_valid_cause_respecting_chain(
    events_and_input: tuple[list[Plain], list[Plain]],
) -> None:
    made, sent = events_and_input
    lane = Lane()
    for plain in sent:
        lane.send(plain)
    assert not lane.quarantine
    assert not lane.state_topic
    assert len(lane.duplicates) == len(sent) - len(made)
    assert all(isinstance(one, Duplicate) and not one.replay for one in lane.duplicates)
    assert all(is_intact(body) for body in lane.ledger)
    for run in RUNS:
        records = [plain for plain in lane.records if plain["envelope"]["correlation_id"] == run]
        assert_chain(run, records)
        by_id = lambda one: one["event_id"]  # noqa: E731
        expected = sorted((one for one in made if one["correlation_id"] == run), key=by_id)
        assert sorted((one["envelope"] for one in records), key=by_id) == expected


def assert_chain(run: str, records: list[Plain]) -> None:
    """Dense numbers, linked hashes, causes first, each source in order, nothing late or missing."""
    assert [one["sequence_no"] for one in records] == list(range(1, len(records) + 1))
    hashes = [genesis_hash("default", run), *(one["hash"] for one in records)]
    assert [one["prev_hash"] for one in records] == hashes[:-1]
    seen: set[str] = set()
    numbers: dict[str, int] = defaultdict(int)
    for one in records:
        envelope = one["envelope"]
        causes = [envelope["causation_id"], *envelope["caused_by"]] if envelope["causation_id"] else []
        assert seen.issuperset(causes)
        assert one["cause"] == ("linked" if causes else "root")
        assert (one["gap_before"], one["late"]) == (0, False)
        seen.add(envelope["event_id"])
        if envelope["source_seq"] is not None:
            assert envelope["source_seq"] == numbers[envelope["source"]["instance"]]
            numbers[envelope["source"]["instance"]] += 1
