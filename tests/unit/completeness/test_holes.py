from chatsnapshot.completeness import holes
from chatsnapshot.completeness.holes import Hole, HoleSearch


def search(*rows: tuple[int, int, bool]) -> HoleSearch:
    made = HoleSearch()
    for row in sorted(rows, reverse=True):
        made.feed(*row)
    return made


def test_a_dense_source_has_none() -> None:
    made = search((0, 0, False), (1, 0, False), (2, 0, False))
    assert (made.holes(), made.records, made.numbers, made.end) == ((), 3, 3, 3)


def test_a_hole_in_the_middle_and_one_at_the_beginning() -> None:
    made = search((2, 2, False), (3, 0, False), (7, 3, False))
    assert made.holes() == (Hole(0, 1, 2), Hole(4, 6, 3))


def test_numbers_that_only_duplicates_used_up_are_not_missing() -> None:
    assert search((0, 0, False), (3, 0, False)).holes() == ()
    assert search((0, 0, False), (5, 1, False)).holes() == (Hole(1, 4, 1),)


def test_what_came_late_says_nothing_of_what_is_below() -> None:
    assert search((0, 0, False), (4, 0, True)).holes() == (Hole(1, 3, 3),)


def test_the_next_in_time_says_it_for_what_came_late_below_it() -> None:
    assert search((0, 0, False), (2, 0, True), (5, 4, False)).holes() == (Hole(1, 1, 1), Hole(3, 4, 2))


def test_a_repeated_number_is_one_number() -> None:
    made = search((0, 0, False), (1, 0, False), (1, 0, True))
    assert (made.holes(), made.records, made.numbers) == ((), 3, 2)


def test_their_number_is_bounded_and_their_count_exact() -> None:
    made = search(*((number, 1, False) for number in range(1, 2 * holes.HOLES_MAX + 200, 2)))
    found = made.holes()
    assert len(found) == holes.HOLES_MAX
    assert sum(hole.missing for hole in found) == holes.HOLES_MAX + 100
