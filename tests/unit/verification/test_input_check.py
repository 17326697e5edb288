"""Inputs that seem to be in no place: how many are looked at again, and how often."""

from typing import Any

import pytest

from chatsnapshot.verification import input_check
from chatsnapshot.verification.findings import Kind
from chatsnapshot.verification.input_check import LOOKS_MAX, Doubt, InputCheck
from chatsnapshot.verification.input_places import InputPlaces
from chatsnapshot_schemas.connections import TopicNames
from chatsnapshot_schemas.framing import Framing


class StillNowhere(InputCheck):
    """However often it looks."""

    looks: list[list[int]]

    def _places_now(self, doubts: dict[int, Doubt], _ledger_end: int) -> dict[int, tuple[int, bool]]:
        self.looks.append(list(doubts))
        return dict.fromkeys(doubts, (0, False))


def test_so_many_doubts_are_looked_at_so_often_and_all_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(input_check, "LOOK_WAIT_S", 0.0)
    monkeypatch.setattr(input_check, "DOUBTS_MAX", 2)
    no_kafka: Any = None
    places = InputPlaces(1, 0, 10)
    check = StillNowhere(no_kafka, no_kafka, TopicNames(), Framing(), 0, places, committed=10, waiting=0, end=10)
    check.looks = []
    found = list(check._confirmed([Doubt(offset, 0, None) for offset in range(5)], ledger_end=0))
    assert [finding.kind for finding in found] == [Kind.INPUT_LOST] * 5
    assert check.looks == [[0, 1]] * LOOKS_MAX
