"""Solving quarantine records when several do it, when somebody dies on the way, and when there are many."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Timer
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer

from chatsnapshot.reading.sources import Sources
from chatsnapshot.redriving.outcome import Outcome
from chatsnapshot.redriving.redriver import Redriver
from chatsnapshot.redriving.selection import Scope
from chatsnapshot_processors.redrive import writer
from tests.pipeline.redrive_world import RedriveWorld, id_of, numbered, order, place_of
from tests.pipeline.sequencer_installation import event_id


@pytest.fixture
def world(redrive_world: RedriveWorld) -> RedriveWorld:
    return redrive_world


def test_two_at_once_solve_a_record_once(world: RedriveWorld) -> None:
    run = "race"
    for number in range(5):
        world.misroute(numbered(run, number))
    rows = world.waiting(5, correlation_id=run)
    for row in rows:
        start = Barrier(2)

        def one(who: str, row: Any = row, start: Barrier = start) -> Outcome:
            redriver = Redriver(Sources(world.settings, "default"), Scope(None))
            chosen = [redriver.selection.one(place_of(row))]
            start.wait()
            return next(redriver.solve(chosen, order(who)))

        with ThreadPoolExecutor(2) as people:
            outcomes = list(people.map(one, ("alice", "bob")))
        assert sorted(outcome.result for outcome in outcomes) == ["redriven", "refused"]
        assert [outcome.error.code for outcome in outcomes if outcome.error] == ["already_solved"]
        assert world.marks(id_of(row)) == ["redriven"]
        assert len(world.sent_again(id_of(row))) == 1
    assert len(world.records(run, 10)) == 10


def test_a_mark_behind_an_open_transaction_is_waited_for(world: RedriveWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader of committed records does not see it: somebody else's transaction, the sequencer's, lies before it."""
    run = "behind-open"
    world.misroute(numbered(run, 0))
    (row,) = world.waiting(correlation_id=run)
    foreign = Producer(
        {"bootstrap.servers": world.lab.bootstrap, "transactional.id": f"{world.lab.topics.prefix}-foreign"}
    )
    foreign.init_transactions()
    write = writer.SolutionWriter.write

    def write_behind(self: writer.SolutionWriter, batch: Any) -> Any:
        foreign.begin_transaction()
        foreign.produce(world.lab.topics.quarantine, b"of a transaction that is aborted", partition=row.input_partition)
        foreign.flush()
        return write(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(writer.SolutionWriter, "write", write_behind)
        (done,) = world.solve("redrive", id_of(row))
    assert done["result"] == "redriven"
    ending = Timer(2.0, foreign.abort_transaction)
    ending.start()
    code, _ = world.refused("redrive", id_of(row))
    ending.join()
    assert code == "already_solved"
    assert len(world.sent_again(id_of(row))) == 1


def test_death_before_the_commit_leaves_neither_input_nor_mark(world: RedriveWorld) -> None:
    run = "dead-before"
    world.misroute(numbered(run, 0))
    (row,) = world.waiting(correlation_id=run)
    assert world.child("produced", "quarantine", "redrive", id_of(row)).returncode == -9
    (done,) = world.solve("redrive", id_of(row), "--by", "alice")
    assert done["result"] == "redriven"
    assert world.marks(id_of(row)) == ["redriven"]
    assert len(world.sent_again(id_of(row))) == 1
    assert len(world.records(run, 2)) == 2


def test_death_behind_the_commit_leaves_both(world: RedriveWorld) -> None:
    run = "dead-behind"
    world.misroute(numbered(run, 0))
    (row,) = world.waiting(correlation_id=run)
    assert world.child("committed", "quarantine", "redrive", id_of(row), "--by", "eve").returncode == -9
    code, message = world.refused("redrive", id_of(row))
    assert (code, "was redriven by eve" in message) == ("already_solved", True)
    assert len(world.sent_again(id_of(row))) == 1
    assert len(world.records(run, 2)) == 2


def test_a_commit_whose_answer_is_lost_is_found_again(world: RedriveWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    class Unheard(Producer):
        def commit_transaction(self, *timeout: float) -> None:
            super().commit_transaction(*timeout)
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))

    run = "unheard"
    world.misroute(numbered(run, 0))
    (row,) = world.waiting(correlation_id=run)
    monkeypatch.setattr(writer, "Producer", Unheard)
    (done,) = world.solve("redrive", id_of(row))
    (again,) = world.sent_again(id_of(row))
    assert (done["result"], done["sent"]["offset"]) == ("redriven", again.offset())


def test_a_storm_is_solved_in_one_command(world: RedriveWorld) -> None:
    """Also what nobody can read: it is refused, and waits."""
    run, count = "storm", 300
    for number in range(count):
        world.misroute(numbered(run, number))
    world.send_bytes(b"garbage", 0, b"key")
    world.waiting(count, correlation_id=run)
    assert world.run("quarantine", "redrive", "--reason", "misrouted").code == 1, "many need --yes"
    done = world.run("quarantine", "redrive", "--reason", "misrouted", "--yes", "--json")
    results = Counter(each["result"] for each in json.loads(done.out)["records"] if each["correlation_id"] == run)
    assert results == {"redriven": count}
    recorded = [plain["envelope"]["event_id"] for plain in world.records(run, 2 * count)]
    assert {event_id(run, number) for number in range(count)} <= set(recorded)
    assert len(set(recorded)) == len(recorded) == 2 * count
    world.waiting(0, correlation_id=run)
