"""Causes that are missing, late, elsewhere, circular, many, or in the wrong order."""

from collections.abc import Iterable, Sequence

import pytest

from chatsnapshot_schemas.rules import CAUSED_BY_MAX, Plain
from tests.faults.input_stream import short_holds
from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.pipeline.sequencer_installation import event, event_id, input_record

CHAIN = 1_000
RINGS = (2, 3, 100)


def send(lab: Lab, plains: Iterable[Plain]) -> None:
    lab.send(input_record(plain) for plain in plains)


def unnumbered(run: str, number: int, cause: int | None = None, **changes: object) -> Plain:
    """An event whose source counts nothing: only its causes are waited for."""
    return event(run, number, None if cause is None else event_id(run, cause), source_seq=None, **changes)


def recorded(lab: Lab, run: str) -> list[Plain]:
    return [plain for plain in lab.installation.ledger() if plain["envelope"]["correlation_id"] == run]


def order(lab: Lab, run: str, numbers: Iterable[int]) -> list[tuple[int, str]]:
    """(number, cause) of a run's events as they are recorded; `numbers`: all that there may be."""
    number_of = {event_id(run, number): number for number in numbers}
    return [(number_of[plain["envelope"]["event_id"]], plain["cause"]) for plain in recorded(lab, run)]


def shown(lab: Lab, sql: str) -> Sequence[Sequence[object]]:
    return lab.client.query(sql.format(database=lab.database)).result_rows


def test_a_cause_that_never_comes_and_one_that_comes_too_late(lab: Lab) -> None:
    """Recorded at the bound, which a tick brings; the views show it, and are healed by the late one."""
    send(lab, [unnumbered("never", 1, cause=0), unnumbered("late", 1, cause=0), event("numbered", 1)])
    unresolved = "SELECT correlation_id, toString(cause_id) FROM {database}.unresolved_causes ORDER BY correlation_id"
    edges = "SELECT resolved FROM {database}.workflow_edges WHERE correlation_id = 'late' AND kind = 'cause'"
    gaps = "SELECT correlation_id FROM {database}.gaps"
    with short_holds(lab):
        lab.settle()
        assert shown(lab, unresolved) == [("late", event_id("late", 0)), ("never", event_id("never", 0))]
        assert shown(lab, edges) == [(False,)]
        assert shown(lab, gaps) == [("numbered",)]
        examine(lab)
        send(lab, [unnumbered("late", 0), event("numbered", 0)])
        lab.settle()
    assert order(lab, "late", range(2)) == [(1, "unresolved"), (0, "root")]
    assert [plain["late"] for plain in recorded(lab, "numbered")] == [False, True]
    assert shown(lab, unresolved) == [("never", event_id("never", 0))]
    assert shown(lab, edges) == [(True,)]
    assert shown(lab, gaps) == []
    examine(lab)


@pytest.mark.slow_fault
def test_a_cause_in_another_correlation(lab: Lab) -> None:
    """It is never waited for, there or not; further causes of the own correlation are."""
    there = {"causation_id": event_id("there", 0), "causation_correlation_id": "there"}
    nowhere = {"causation_id": event_id("nowhere", 0), "causation_correlation_id": "nowhere"}
    itself = {"causation_id": event_id("here", 0), "causation_correlation_id": "here"}
    with short_holds(lab):
        send(lab, [unnumbered("here", 0, **there), unnumbered("here", 1, **nowhere), unnumbered("here", 2, **itself)])
        send(lab, [unnumbered("here", 3, **there, caused_by=[event_id("here", 4)]), unnumbered("there", 0)])
        send(lab, [unnumbered("here", 4)])
        lab.settle()
    causes = [(0, "external"), (1, "external"), (2, "linked"), (4, "root"), (3, "external")]
    assert order(lab, "here", range(5)) == causes
    examine(lab)


@pytest.mark.slow_fault
def test_events_that_name_each_other(lab: Lab) -> None:
    """None can be first: at the bound the one that came first is, and the others follow their causes."""
    first: dict[int, int] = {}
    for length in RINGS:
        numbers = list(range(length))
        lab.choices.shuffle(numbers)
        first[length] = numbers[0]
        send(lab, [unnumbered(f"ring-{length}", number, cause=(number + 1) % length) for number in numbers])
    with short_holds(lab):
        lab.settle()
    for length, begins in first.items():
        following = [((begins - step) % length, "linked") for step in range(1, length)]
        assert order(lab, f"ring-{length}", range(length)) == [(begins, "unresolved"), *following]
    examine(lab)


@pytest.mark.slow_fault
def test_a_chain_of_1_000_arriving_backwards(lab: Lab) -> None:
    """By causes alone, and by causes and source numbers: recorded in causal order, with no gap and nothing late."""
    backwards: list[Plain] = []
    for number in reversed(range(CHAIN)):
        before = number - 1 if number else None
        numbered = event("numbered", number, None if before is None else event_id("numbered", before))
        backwards += [unnumbered("chain", number, cause=before), numbered]
    send(lab, backwards)
    with lab.running():
        lab.settle()
    expected = [(0, "root"), *((number, "linked") for number in range(1, CHAIN))]
    for run in ("chain", "numbered"):
        assert order(lab, run, range(CHAIN)) == expected
        assert not any(plain["gap_before"] or plain["late"] for plain in recorded(lab, run))
    examine(lab)


@pytest.mark.slow_fault
def test_as_many_causes_as_an_event_may_have(lab: Lab) -> None:
    """All of them arrive behind it; and once all but one."""
    causes = range(CAUSED_BY_MAX + 1)
    for run, missing in (("all", 0), ("but one", 1)):
        ids = [event_id(run, number) for number in causes]
        last = unnumbered(run, 999, cause=0, caused_by=ids[1:])
        send(lab, [last, *(unnumbered(run, number) for number in list(causes)[missing:])])
    with short_holds(lab):
        lab.settle()
    assert order(lab, "all", [*causes, 999])[-1] == (999, "linked")
    assert order(lab, "but one", [*causes, 999])[-1] == (999, "unresolved")
    examine(lab)


@pytest.mark.slow_fault
def test_policy_strict_refuses_what_has_no_cause(lab: Lab) -> None:
    """Also what waits for a refused one; numbers are used up, so no gap remains."""
    strict = {"cause_policy": "strict"}
    plains = [event("strict", 0), event("strict", 1, event_id("strict", 9)), event("strict", 2, event_id("strict", 1))]
    ring = [unnumbered("ring", number, cause=1 - number) for number in range(2)]
    send(lab, [*plains, event("strict", 3), *ring])
    with short_holds(lab, policy=strict):
        lab.settle()
    assert order(lab, "strict", range(4)) == [(0, "root"), (3, "root")]
    assert not any(plain["gap_before"] for plain in recorded(lab, "strict"))
    reasons = "SELECT reason, count() FROM {database}.quarantine GROUP BY reason"
    assert shown(lab, reasons) == [("cause_missing", 4)]
    assert shown(lab, "SELECT count() FROM {database}.gaps") == [(0,)]
    examine(lab)
