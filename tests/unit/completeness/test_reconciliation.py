"""Planted gaps: each gets its name, and only what is missing gets one."""

from typing import Any

import pytest

from chatsnapshot.completeness.holes import Hole
from chatsnapshot.completeness.reconciliation import GAPS_MAX, GapKind, Known, Reconciled, Source, reconcile
from chatsnapshot_schemas.source_reports import NONE_LOST, LostNumbers, RunReport

SOURCE = Source("default", "web-1", "run-1")


def report(
    numbered: int,
    settled: int | None = None,
    dropped: LostNumbers = NONE_LOST,
    refused: LostNumbers = NONE_LOST,
) -> RunReport:
    return RunReport(*SOURCE, numbered, numbered if settled is None else settled, 0, dropped, refused)


def recorded(count: int, *holes: Hole, said: RunReport | None = None, **places: Any) -> Reconciled:
    """Of the numbers below `count` all are in the table but those in the holes."""
    rows = count - sum(hole.last - hole.first + 1 for hole in holes)
    return reconcile(Known(SOURCE, records=rows, numbers=rows, end=count, holes=holes, report=said, **places))


def named(found: Reconciled) -> list[tuple[str, int, int, int]]:
    return [(str(gap.kind), gap.first, gap.last, gap.missing) for gap in found.gaps]


def test_complete_is_complete() -> None:
    found = recorded(120, said=report(120))
    assert (found.numbered, found.acknowledged, found.recorded, found.projected) == (120, 120, 120, 120)
    assert found.is_complete
    assert named(found) == []


def test_without_a_report_the_greatest_number_counts() -> None:
    found = recorded(120)
    assert (found.numbered, found.reported, found.is_complete) == (120, False, True)


def test_what_the_ledger_has_beyond_the_report_is_no_finding() -> None:
    found = recorded(150, said=report(120, settled=100))
    assert (found.numbered, found.acknowledged, named(found)) == (150, 150, [])


def test_a_hole_in_the_middle_is_named() -> None:
    found = recorded(120, Hole(17, 19, 3), said=report(120))
    assert named(found) == [("never_came", 17, 19, 3)]
    assert found.gaps[0].detail == "source_seq 17..19 never came"
    assert not found.is_complete


def test_a_missing_tail_is_named() -> None:
    found = recorded(117, said=report(120))
    assert found.gaps[0].detail == "tail: the producer reported 120, 117 recorded: 117..119 missing"
    assert found.missing_of == {GapKind.TAIL: 3}


def test_what_was_never_acknowledged_is_in_the_spool_or_lost_with_it() -> None:
    found = recorded(110, said=report(120, settled=115))
    assert named(found) == [("tail", 110, 114, 5), ("unsent", 115, 119, 5)]
    assert (found.acknowledged, found.missing) == (115, 10)


def test_a_run_of_which_nothing_arrived() -> None:
    found = reconcile(Known(SOURCE, report=report(3)))
    assert named(found) == [("tail", 0, 2, 3)]


def test_what_the_producer_dropped_or_was_refused_is_said_so() -> None:
    said = report(12, dropped=LostNumbers(3, ((4, 5), (11, 11))), refused=LostNumbers(1, ((7, 7),)))
    found = recorded(11, Hole(4, 5, 2), Hole(7, 8, 2), said=said)
    assert named(found) == [("dropped", 4, 5, 2), ("refused", 7, 7, 1), ("never_came", 8, 8, 1), ("dropped", 11, 11, 1)]
    assert found.acknowledged == 8
    assert "dropped by the producer: 2 " in found.gaps[0].detail


def test_a_number_in_quarantine_is_no_gap() -> None:
    found = recorded(10, Hole(3, 5, 2), said=report(12), quarantined=((4, 4), (10, 11)))
    assert named(found) == [("never_came", 3, 3, 1), ("never_came", 5, 5, 1)]
    assert (found.quarantined, found.acknowledged, found.is_complete) == (3, 12, False)


def test_a_number_that_was_used_up_is_no_gap_and_nothing_open() -> None:
    found = recorded(10, said=report(12), used=((10, 11),))
    assert (named(found), found.used, found.is_complete) == ([], 2, True)


def test_an_event_that_is_held_is_not_missing_but_open() -> None:
    found = recorded(5, said=report(8), held=((6, 7),))
    assert named(found) == [("never_came", 5, 5, 1)]
    assert (found.held, found.is_complete) == (2, False)


def test_what_was_released_meanwhile_counts_where_it_is() -> None:
    found = recorded(8, said=report(8), held=((6, 7),), used=((2, 2),), in_topic=((7, 7),))
    assert (found.held, found.used, found.recorded, found.is_complete) == (0, 0, 8, True)


def test_records_that_the_tables_do_not_have_yet_are_recorded_and_open() -> None:
    found = recorded(8, said=report(10), in_topic=((7, 9),))
    assert (found.recorded, found.projected, found.missing, found.is_complete) == (10, 8, 0, False)


def test_a_reused_number_is_counted() -> None:
    found = reconcile(Known(SOURCE, records=12, numbers=10, end=10, report=report(10)))
    assert (found.recorded, found.reused, found.is_complete) == (12, 2, True)


def test_where_duplicates_used_up_numbers_the_range_is_said_with_how_many() -> None:
    found = recorded(10, Hole(3, 6, 2))
    assert named(found) == [("never_came", 3, 6, 2)]
    assert found.gaps[0].detail == "source_seq 2 of 3..6 never came"


def test_drops_explain_a_hole_with_duplicates_first() -> None:
    found = recorded(10, Hole(3, 6, 2), said=report(10, dropped=LostNumbers(1, ((4, 4),))))
    assert named(found) == [("dropped", 4, 4, 1), ("never_came", 3, 6, 1)]


@pytest.mark.parametrize("holes", [GAPS_MAX, GAPS_MAX + 1, 3 * GAPS_MAX])
def test_the_number_of_named_gaps_is_bounded_and_their_count_exact(holes: int) -> None:
    found = recorded(2 * holes + 1, *(Hole(2 * each, 2 * each, 1) for each in range(holes)))
    assert len(found.gaps) <= GAPS_MAX + 1
    assert sum(gap.missing for gap in found.gaps) == found.missing == holes
