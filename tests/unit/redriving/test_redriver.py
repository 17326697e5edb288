"""What goes into one transaction, and how often trouble is waited out."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from chatsnapshot.redriving import redriver
from chatsnapshot.redriving.outcome import Outcome, refused
from chatsnapshot.redriving.redriver import ATTEMPTS_MAX, BATCH_BYTES_MAX, BATCH_RECORDS_MAX, Order, Redriver, _batches
from chatsnapshot.redriving.selection import Chosen, Scope
from chatsnapshot_processors.redrive.edit import NO_EDIT
from chatsnapshot_schemas.errors import NotFound, QuarantineBusy
from chatsnapshot_schemas.quarantine_entries import InputPlace, QuarantinedInput

CHOSEN = [Chosen(InputPlace(1, 0, offset), offset, "misrouted") for offset in range(3)]


def sizes_of_batches(*values: bytes) -> list[int]:
    places = [InputPlace(1, 0, offset) for offset in range(len(values))]
    inputs = [
        QuarantinedInput(place, place.offset, "misrouted", "", 0, b"", value)
        for place, value in zip(places, values, strict=True)
    ]
    return [len(batch) for batch in _batches(iter(inputs), set(places))]


def test_records_of_a_transaction_are_bounded() -> None:
    assert sizes_of_batches(*[b"x"] * (2 * BATCH_RECORDS_MAX + 1)) == [BATCH_RECORDS_MAX, BATCH_RECORDS_MAX, 1]


def test_bytes_of_a_transaction_are_bounded_and_a_larger_record_goes_alone() -> None:
    half = bytes(BATCH_BYTES_MAX // 2)
    assert sizes_of_batches(half, half, b"x", bytes(BATCH_BYTES_MAX + 1), b"x") == [2, 1, 1, 1]


@pytest.mark.timeout(30)
def test_trouble_is_waited_out_a_few_times_in_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """An outcome in between begins the count anew."""
    waited: list[float] = []
    passes = 0

    def fenced(_self: Redriver, _partition: int, wanted: dict[InputPlace, Chosen], *_: Any) -> Iterator[Outcome]:
        nonlocal passes
        passes += 1
        if passes == ATTEMPTS_MAX:
            yield refused(next(iter(wanted)), NotFound("gone"), "misrouted")
        raise QuarantineBusy("somebody else solves it")

    monkeypatch.setattr(Redriver, "_pass", fenced)
    monkeypatch.setattr(redriver.time, "sleep", waited.append)
    sources: Any = SimpleNamespace(queries=None)
    outcomes = Redriver(sources, Scope(None)).solve(CHOSEN, Order("alice", edit=NO_EDIT))
    assert next(outcomes).place == CHOSEN[0].place
    with pytest.raises(QuarantineBusy):
        next(outcomes)
    assert (passes, len(waited)) == (2 * ATTEMPTS_MAX - 1, 2 * ATTEMPTS_MAX - 2)
