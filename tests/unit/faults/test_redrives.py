"""(1), the way back: what was solved went somewhere, and only once."""

import json
from dataclasses import replace

import pytest

from chatsnapshot_schemas import headers as names
from chatsnapshot_schemas.quarantine_entries import Identity, InputPlace, Solution, SolvedMark, mark_headers
from tests.faults.oracle.seen import Raw, Seen
from tests.unit.faults.honest import examined, sequenced, whats
from tests.unit.processors.event_values import event, id_of, value_of

KEY = b"default/run"
PLACE = InputPlace(1, 0, 0)
BACK = ((names.REDRIVE, b"1/0/0"),)
MARK = SolvedMark(
    solution=Solution.REDRIVEN,
    by="me",
    at=1,
    sent_event_id=id_of("a"),
    sent_partition=0,
    sent_offset=1,
    edited=("payload",),
    quarantine_offset=0,
    reason="invalid_envelope",
    detail="",
    first_seen=1,
    identity=Identity("default", "run", id_of("a")),
)


def solved(mark: SolvedMark = MARK, *, times: int = 1, back: int = 1) -> Seen:
    """Input 0 was refused and solved; `back`: how many inputs were sent for it."""
    again = value_of(event("a", payload=json.dumps({"better": True})))
    sent = [(KEY, value_of(event("a", payload="[]")), 1_000, ()), *[(KEY, again, 2_000, BACK)] * back]
    seen = sequenced(sent)
    seen.acknowledged = seen.acknowledged[:1]  # the others came from the way back
    log = seen.quarantine[0]
    pairs = tuple((name, text.encode()) for name, text in mark_headers(PLACE, mark))
    log.extend(Raw(0, len(log) + at, 0, KEY, mark.to_json(), pairs) for at in range(times))
    return seen


def objections(seen: Seen) -> list[str]:
    return whats(examined(seen), 1)


def test_solved_once_and_sent_once_is_right() -> None:
    assert not examined(solved())


def test_solved_but_sent_nowhere_is_lost() -> None:
    found = examined(solved(back=0))
    assert "is redriven, but 0 inputs were sent for it" in whats(found, 1)[0]
    assert sum(each.lost for each in found) == 1


def test_sent_but_not_solved_is_found() -> None:
    assert "which is not solved" in objections(solved(times=0))[0]


def test_sent_twice_is_doubled() -> None:
    found = examined(solved(back=2))
    assert any("2 inputs were sent" in what for what in whats(found, 1))
    assert sum(each.doubled for each in found) == 1


def test_solved_twice_is_found() -> None:
    assert any("was solved 2 times" in what for what in objections(solved(times=2)))


def test_solved_without_a_refusal_is_found() -> None:
    seen = solved()
    seen.quarantine[0] = [replace(seen.quarantine[0][1], offset=0)]
    assert any("but never refused" in what for what in objections(seen))


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"sent_offset": 5}, "names another input"),
        ({"sent_event_id": "x"}, "another event"),
        ({"edited": ()}, "with other bytes, though not edited"),
        ({"by": ""}, "by nobody"),
    ],
)
def test_a_mark_that_does_not_fit_is_found(changes: dict[str, object], what: str) -> None:
    assert any(what in said for said in objections(solved(replace(MARK, **changes))))  # type: ignore[arg-type]


def test_a_mark_that_says_nothing_is_found() -> None:
    seen = solved()
    seen.quarantine[0][1] = replace(seen.quarantine[0][1], value=b"")
    assert any("does not say how" in what for what in objections(seen))


def test_discarded_for_no_reason_is_found() -> None:
    discarded = replace(MARK, solution=Solution.DISCARDED, sent_offset=-1)
    assert "discarded without a reason" in objections(solved(discarded, back=0))[0]
    assert not examined(solved(replace(discarded, because="a test"), back=0))


def test_a_duplicate_of_nothing_is_lost() -> None:
    duplicate = replace(MARK, solution=Solution.DUPLICATE, sent_offset=-1, edited=())
    assert "a duplicate of nothing" in objections(solved(duplicate, back=0))[0]


def test_what_came_back_is_looked_for_like_any_other() -> None:
    seen = solved()
    seen.ledger[0].clear()
    assert "input 0@1 (epoch 1) is nowhere" in objections(seen)[0]


def test_a_user_s_own_header_is_no_redrive() -> None:
    seen = sequenced([(KEY, value_of(event("a")), 1_000, BACK)])
    assert not examined(seen)
