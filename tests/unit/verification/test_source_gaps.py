"""What is missing in a run: the numbers of ranges are bounded, what is missing is exact."""

import pytest

from chatsnapshot.verification import source_gaps
from chatsnapshot.verification.source_gaps import Gap, SourceGaps

BOUND = 3


@pytest.fixture
def gaps(monkeypatch: pytest.MonkeyPatch) -> SourceGaps:
    monkeypatch.setattr(source_gaps, "RANGES_MAX", BOUND)
    return SourceGaps()


def test_the_oldest_gaps_are_joined(gaps: SourceGaps) -> None:
    for number in range(1, 12, 2):
        gaps.feed("i", number, 1)
    assert gaps.open() == [Gap("i", 0, 6, 4), Gap("i", 8, 8, 1), Gap("i", 10, 10, 1)]


def test_late_records_split_a_gap_into_no_more_than_that(gaps: SourceGaps) -> None:
    gaps.feed("i", 20, 20)
    for number in range(18, 0, -2):
        gaps.feed("i", number, 0)
    assert len(gaps.open()) == BOUND
    assert sum(gap.missing for gap in gaps.open()) == 11
