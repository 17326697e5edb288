"""(5): order and gaps of sources, read plainly: no objection to whatever may happen, and every forged word is found."""

from hypothesis import given, settings
from hypothesis import strategies as st

from chatsnapshot_schemas.codec import decode_ledger_plain
from tests.faults.oracle.facts import Facts
from tests.faults.oracle.seen import Seen
from tests.faults.oracle.source_order import source_violations
from tests.unit.faults.honest import FRAMING, Sent, examined, forged, sequenced, whats
from tests.unit.processors.event_values import event, value_of
from tests.unit.processors.made_up_logs import MadeUp, made_up_logs

KEY = b"default/run"


def numbered(*sent: tuple[int, float], hold_end: float = 100.0) -> Seen:
    """Events of one source by (source_seq, second of arrival); at the end the time is far beyond every bound."""
    inputs: list[Sent] = [(KEY, value_of(event(f"e{number}", seq=number)), round(at * 1000), ()) for number, at in sent]
    return sequenced([*inputs, (b"x", value_of(event("end", run="other")), round(hold_end * 1000), ())])


def of_run(seen: Seen) -> list[tuple[int, int, bool]]:
    """(source_seq, gap_before, late) in ledger order."""
    plains = [decode_ledger_plain(FRAMING.ledger_body(raw.value)) for raw in seen.ledger[0]]
    return [
        (plain["envelope"]["source_seq"], plain["gap_before"], plain["late"])
        for plain in plains
        if plain["envelope"]["source_seq"] is not None
    ]


def objections(seen: Seen) -> list[str]:
    return whats(source_violations(Facts(seen)), 5)


@settings(max_examples=80, deadline=None)
@given(made_up_logs() | made_up_logs(cycles=False))
def test_whatever_happens_is_right(made_up: MadeUp) -> None:
    sent = [(b"k", each.value, each.at * 1000, each.headers) for each in made_up.entries]
    assert not examined(sequenced(sent, policies=made_up.policies))


@settings(max_examples=80, deadline=None)
@given(made_up_logs(cycles=False), st.data())
def test_a_gap_that_was_not_made_is_found(made_up: MadeUp, data: st.DataObject) -> None:
    sent = [(b"k", each.value, each.at * 1000, each.headers) for each in made_up.entries]
    seen = sequenced(sent, policies=[(0, made_up.policies[0][1])])
    log = seen.ledger[0]
    plains = [decode_ledger_plain(FRAMING.ledger_body(raw.value)) for raw in log]
    direct = [at for at, plain in enumerate(plains) if plain["gap_before"] == 0 and not plain["late"]]
    if direct:
        at = data.draw(st.sampled_from(direct))
        log[at] = forged(log[at], gap_before=1 << 40)
        assert objections(seen)


def test_a_gap_that_was_made_but_not_recorded_is_found() -> None:
    seen = numbered((0, 1), (3, 2))
    assert of_run(seen) == [(0, 0, False), (3, 2, False)]
    assert not objections(seen)
    seen.ledger[0][1] = forged(seen.ledger[0][1], gap_before=1)
    assert objections(seen) == ["('default', 'run') #2 of i, number 3: gap_before 1, but 2 were missing"]


def test_a_gap_for_what_came_within_the_bound_is_found() -> None:
    """1 came after 2, in time: whoever records a gap did not wait."""
    seen = numbered((0, 1), (2, 2), (1, 10))
    assert of_run(seen) == [(0, 0, False), (1, 0, False), (2, 0, False)]
    first, second, third, *rest = seen.ledger[0]
    seen.ledger[0] = [
        first,
        forged(third, sequence_no=2, gap_before=1),
        forged(second, sequence_no=3, late=True),
        *rest,
    ]
    assert objections(seen) == ["('default', 'run') #2 of i, number 2: gap_before 1, but 0 were missing"]


def test_what_came_after_the_bound_is_a_gap() -> None:
    seen = numbered((0, 1), (2, 2), (1, 40))
    assert of_run(seen) == [(0, 0, False), (2, 1, False), (1, 0, True)]
    assert not objections(seen)


def test_order_that_is_not_kept_is_found() -> None:
    """Both had come: without a cycle there is no reason to record the later one first."""
    seen = numbered((0, 1), (1, 2), (2, 3))
    first, second, third, *rest = seen.ledger[0]
    seen.ledger[0] = [first, forged(third, sequence_no=2), forged(second, sequence_no=3, late=True), *rest]
    assert objections(seen) == ["('default', 'run') #3 of i came first, but is behind #2"]


def test_a_late_one_that_is_not_late_is_found() -> None:
    seen = numbered((0, 1), (1, 2))
    seen.ledger[0][1] = forged(seen.ledger[0][1], late=True)
    assert "is late, but nothing was beyond its number 1" in objections(seen)[0]


def test_two_in_time_that_are_out_of_order_are_found() -> None:
    seen = numbered((0, 1), (2, 2), (1, 40))
    seen.ledger[0][2] = forged(seen.ledger[0][2], late=False)
    assert "is out of order: 1 after 2" in objections(seen)[0]


def test_a_refused_event_uses_its_number() -> None:
    broken = value_of(event("b", seq=1, payload="[]"))
    good = [value_of(event(f"e{number}", seq=number)) for number in (0, 2)]
    seen = sequenced([(KEY, value, 1_000 + at, ()) for at, value in enumerate((good[0], broken, good[1]))])
    assert of_run(seen) == [(0, 0, False), (2, 0, False)]
    assert not objections(seen)
    seen.ledger[0][1] = forged(seen.ledger[0][1], gap_before=1)
    assert objections(seen)


def test_an_unnumbered_event_has_no_gap() -> None:
    seen = sequenced([(KEY, value_of(event("a")), 1_000, ())])
    seen.ledger[0][0] = forged(seen.ledger[0][0], gap_before=1)
    assert "has no source number" in objections(seen)[0]
