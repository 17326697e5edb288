"""Where inputs ended, by offset."""

import pytest

from chatsnapshot.verification import input_places
from chatsnapshot.verification.input_places import (
    HELD,
    QUARANTINED,
    RECORDED,
    InputPlaces,
    content_number,
    envelope_at,
    is_one_place,
    place_names,
)
from chatsnapshot_schemas.codec import decode_ledger_plain, encode_envelope, encode_ledger
from tests.unit.schemas.strategies import some_envelope


def record(offset: int, epoch: int = 1) -> tuple[bytes, bytes]:
    """(ledger body, envelope body)."""
    envelope = encode_envelope(some_envelope(source_seq=offset))
    head = {
        "prev_hash": bytes(32),
        "sequence_no": 300,
        "recorded_at": 1_795_000_000_000_000,
        "input_epoch": epoch,
        "input_partition": 7,
        "input_offset": offset,
        "gap_before": 0,
        "late": False,
        "cause": "root",
    }
    return encode_ledger(head, envelope)[1], envelope


@pytest.mark.parametrize("offset", [0, 200, 2**40])
def test_the_envelope_is_found_in_a_record(offset: int) -> None:
    body, envelope = record(offset)
    plain = decode_ledger_plain(body)
    assert body[envelope_at(body, plain["envelope"]["event_id"]) :] == envelope


def test_each_input_has_its_place() -> None:
    places = InputPlaces(1, 10, 14)
    body, envelope = record(10)
    places.note_recorded(body, decode_ledger_plain(body))
    places.note(QUARANTINED, 1, 11, content_number(b"x"))
    places.note(HELD, 1, 12, content_number(b"y"))
    assert [places.see(offset) for offset in range(10, 14)] == [RECORDED, QUARANTINED, HELD, 0]
    assert places.is_content(10, envelope)
    assert places.is_content(11, b"x")
    assert not places.is_content(12, b"x")
    assert not list(places.never_seen())


def test_two_places_are_not_one_and_neither_is_one_place_twice() -> None:
    places = InputPlaces(1, 0, 2)
    places.note(QUARANTINED, 1, 0, 0)
    places.note(HELD, 1, 0, 0)
    places.note(RECORDED, 1, 1, 0)
    places.note(RECORDED, 1, 1, 0)
    seen = [places.see(offset) for offset in (0, 1)]
    assert not any(map(is_one_place, seen))
    assert list(map(place_names, seen)) == ["quarantined and held", "recorded and recorded"]


def test_other_epochs_and_what_retention_has_taken_are_left_out() -> None:
    places = InputPlaces(2, 10, 12)
    for epoch, offset in ((1, 10), (2, 9), (2, 12)):
        places.note(RECORDED, epoch, offset, 0)
    assert not list(places.never_seen())


def test_a_place_without_an_input_is_told() -> None:
    places = InputPlaces(1, 5, 9)
    places.note(RECORDED, 1, 6, 0)
    places.note(RECORDED, 1, 8, 0)
    places.see(8)
    assert list(places.never_seen()) == [6]


def test_only_so_many_offsets_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(input_places, "OFFSETS_MAX", 3)
    places = InputPlaces(1, 0, 10)
    assert (places.begin, places.end) == (7, 10)
