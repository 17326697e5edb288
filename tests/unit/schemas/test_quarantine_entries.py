"""Records of the quarantine topic: refused inputs and marks, written and read back."""

from typing import Any

import pytest

from chatsnapshot_processors.core.records import InputRecord, Quarantined
from chatsnapshot_processors.quarantine_record import quarantine_headers
from chatsnapshot_schemas.errors import ConfigurationError, InvalidEvent
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.quarantine_entries import (
    Identity,
    InputPlace,
    Solution,
    SolvedMark,
    identity_of,
    input_place,
    is_solved_mark,
    mark_headers,
    quarantined_input,
    solved_mark,
)
from chatsnapshot_schemas.reasons import Reason
from tests.pipeline.sequencer_installation import event, event_id, input_record

PLACE = InputPlace(1, 2, 30)
MARK = SolvedMark(
    solution=Solution.DISCARDED,
    by="Zoë",
    at=5,
    because="a test",
    quarantine_offset=9,
    reason="misrouted",
    detail="elsewhere",
    first_seen=4,
    identity=Identity("default", "run", "e"),
)


def refused(*own: tuple[str, bytes | None]) -> list[tuple[str, bytes | None]]:
    """Headers as the sequencer writes them and a client reads them."""
    record = InputRecord(PLACE.offset, 4, b"k", b"v", own)
    written = quarantine_headers(Quarantined(record, Reason.MISROUTED, "elsewhere", PLACE.epoch, PLACE.partition))
    return [(name, value.encode() if isinstance(value, str) else value) for name, value in written]


def encoded(pairs: list[tuple[str, str]]) -> list[tuple[str, bytes]]:
    return [(name, value.encode()) for name, value in pairs]


def test_an_id_is_read_back() -> None:
    assert InputPlace.from_text(str(PLACE)) == PLACE == (1, 2, 30)
    assert PLACE.redrive_header() == ("chatsnapshot-redrive", b"1/2/30")


@pytest.mark.parametrize("text", ["", "1-2", "1-2-3-4", "1-2-x", "-1-2-3", "1-2-٣"])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="epoch-partition-offset"):
        InputPlace.from_text(text)


def test_a_refused_input_gives_back_what_it_was() -> None:
    own = (("trace", b"1"), ("chatsnapshot-reason", b"made up"), ("none", None))
    found = quarantined_input(refused(*own), b"k", b"v", 9)
    assert (found.place, found.reason, found.detail, found.first_seen) == (PLACE, "misrouted", "elsewhere", 4)
    assert (found.key, found.value, found.headers, found.quarantine_offset) == (b"k", b"v", own, 9)


def test_no_input_passes_for_a_mark() -> None:
    assert not is_solved_mark(refused(*encoded(mark_headers(InputPlace(1, 2, 3), MARK))))
    assert is_solved_mark(encoded(mark_headers(PLACE, MARK)))


def test_a_mark_is_read_back() -> None:
    pairs = encoded(mark_headers(PLACE, MARK))
    assert input_place(pairs) == PLACE
    assert solved_mark(pairs, MARK.to_json()) == MARK


def test_a_mark_of_a_later_version_is_read_as_far_as_it_is_known() -> None:
    later = MARK.to_json().replace(b'{"solution"', b'{"new": 1, "solution"')
    assert solved_mark(encoded(mark_headers(PLACE, MARK)), later) == MARK


@pytest.mark.parametrize("value", [None, b"", b"by whom", b"[]", b"{}", b'{"solution":"x"}'])
def test_a_mark_may_say_no_more_than_that(value: bytes | None) -> None:
    assert solved_mark(encoded(mark_headers(PLACE, MARK)), value) is None


def test_a_record_without_a_place_is_refused() -> None:
    with pytest.raises(InvalidEvent, match="quarantine record"):
        input_place([("chatsnapshot-input-epoch", b"1")])
    with pytest.raises(InvalidEvent, match="quarantine record"):
        input_place([(name, b"x") for name, _ in mark_headers(PLACE, MARK)])


@pytest.mark.parametrize(
    ("reason", "instance", "number"), [("too_large", "i", 3), ("misrouted", "", 0), ("source_seq_jump", "", 0)]
)
def test_whose_it_is_and_whether_its_number_is_used_up(reason: str, instance: str, number: int) -> None:
    key, value = input_record(event("run", 3))
    expected = Identity("default", "run", event_id("run", 3), "execution.message", instance, number)
    assert identity_of(Framing(), key, value, reason) == expected


@pytest.mark.parametrize(
    ("key", "expected"), [(b"acme/a/b", ("acme", "a/b")), (b"nothing", ("", "")), (None, ("", ""))]
)
def test_the_key_tells_the_run_of_what_cannot_be_read(key: Any, expected: tuple[str, str]) -> None:
    known = identity_of(Framing(), key, b"\xff", "undecodable")
    assert (known.tenant_id, known.correlation_id, known.event_id) == (*expected, "")
