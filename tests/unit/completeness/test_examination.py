"""How much of a ledger full of holes is looked at number by number."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from chatsnapshot.completeness import examination
from chatsnapshot.completeness.examination import _everything, _Places
from chatsnapshot.completeness.holes import Hole
from chatsnapshot.completeness.reconciliation import Source
from chatsnapshot.completeness.reported import Reported
from chatsnapshot.completeness.scope import Scope
from chatsnapshot.completeness.tables import RunCount

COUNTS = [RunCount(Source("default", "i", f"run-{number}"), records=2, numbers=2, end=4) for number in range(5)]
FOUND = (Hole(1, 2, 2),)


class Tables:
    """Every run has the same two numbers of four."""

    def __init__(self) -> None:
        self.asked: list[Source] = []

    def counts(self, _scope: Scope) -> Iterator[RunCount]:
        yield from COUNTS

    def holes(self, sources: Sequence[Source]) -> Iterator[tuple[RunCount, tuple[Hole, ...]]]:
        self.asked += sources
        yield from ((count, FOUND) for count in COUNTS if count.source in sources)


def test_of_sources_beyond_the_bound_only_the_count_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "HOLED_MAX", 3)
    tables: Any = Tables()
    known = {each.source: each.holes for each in _everything(tables, Scope(), _Places(), Reported())}
    assert tables.asked == [count.source for count in COUNTS[:3]]
    assert [known[count.source] for count in COUNTS] == [*[FOUND] * 3, *[(Hole(0, 3, 2),)] * 2]
