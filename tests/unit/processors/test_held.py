"""The bounds of what finds held events, and entries in the state topic."""

from random import Random

from chatsnapshot_processors.core import deadlines, held_shares
from chatsnapshot_processors.core.deadlines import Deadlines
from chatsnapshot_processors.core.held_shares import HeldShares
from chatsnapshot_processors.core.policy import SequencingPolicy
from tests.unit.processors.event_values import event, id_of, value_of
from tests.unit.processors.lane_in_memory import REDRIVEN, Lane, names


def test_deadlines_of_released_events_are_swept() -> None:
    held = {(1, 0)}
    queue = Deadlines(held.__contains__)
    queue.add(5, (1, 0), 1)
    for offset in range(1, 10 * deadlines.STALE_MAX):
        queue.add(1, (1, offset), 1)
        assert len(queue._heap) <= 2 + deadlines.STALE_MAX
    assert queue.first() == (5, (1, 0))
    held.clear()
    assert queue.first() is None


def test_shares_agree_with_adding_up() -> None:
    rnd, shares = Random(7), HeldShares()
    held: dict[tuple[int, int], tuple[bytes, int]] = {}
    for offset in range(1_200):
        while held and (len(held) > 7 or rnd.random() < 0.3):
            position = rnd.choice(list(held))
            shares.remove(held.pop(position)[0], position)
        correlation, size = b"%d" % rnd.randrange(3), 10
        held[(1, offset)] = correlation, size
        shares.add(correlation, (1, offset), size)
        if offset % 3 == 0:
            of = {key: [pos for pos, (name, _) in held.items() if name == key] for key, _ in held.values()}
            weights = {key: sum(held[position][1] for position in positions) for key, positions in of.items()}
            heaviest = min(of, key=lambda key: (-weights[key], min(of[key])))
            share = shares.heaviest()
            assert share is not None
            assert (share.oldest, share.bytes) == (min(of[heaviest]), weights[heaviest])
            assert shares.bytes == sum(weights.values())
    assert len(shares._heap) <= 6 + held_shares.STALE_MAX


def test_a_held_entry_has_the_whole_input_record() -> None:
    lane = Lane()
    lane.send(event("x"))
    lane.send(event("b", seq=3, cause="a", caused_by=("c",)), at=7, headers=REDRIVEN)
    (entry,) = lane.held
    assert (entry.input_epoch, entry.input_partition, entry.input_offset) == (1, 0, 1)
    assert (entry.appended_at, entry.deadline, entry.key) == (7_000_000, 37_000_000, b"key")
    assert entry.value == value_of(event("b", seq=3, cause="a", caused_by=("c",)))
    assert entry.headers == REDRIVEN
    assert (entry.tenant_id, entry.correlation_id, entry.event_id) == ("default", "run", id_of("b"))
    assert entry.waiting_for == f"cause {id_of('a')}, {id_of('c')}"


def test_what_is_waited_for_is_said_for_people() -> None:
    lane = Lane()
    lane.send(event("b", seq=3, cause="a"))
    assert lane.held[0].waiting_for == f"cause {id_of('a')}; source_seq 0 of i"
    lane.send(event("z", cause="a", caused_by=tuple(f"c{n}" for n in range(20))))
    assert lane.held[1].waiting_for.endswith(f"{id_of('c6')} and 13 more")


def test_a_held_event_of_an_older_epoch_keeps_its_place_and_its_origin() -> None:
    lane = Lane(epoch=1)
    lane.send(event("b", cause="a"))
    lane.place["epoch"], lane.next_offset = 2, 0
    lane.restart()
    lane.send(event("c", cause="a"))
    lane.send(event("a"))
    assert [(plain["input_epoch"], plain["input_offset"]) for plain in lane.records] == [(2, 1), (1, 0), (2, 0)]


def test_the_oldest_is_of_the_oldest_epoch() -> None:
    lane = Lane(SequencingPolicy(held_events_per_correlation=2), epoch=1)
    lane.next_offset = 7
    lane.send(event("old", cause="a"))
    lane.place["epoch"], lane.next_offset = 2, 0
    lane.restart()
    lane.send(event("new", cause="a"))
    lane.restart()
    lane.send(event("newest", cause="a"))
    assert names(lane) == ["old"]
