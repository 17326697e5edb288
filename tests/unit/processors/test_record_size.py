"""Records larger than the topic takes unpacked: refused before anything reads them, kept as far as quarantine takes."""

from hashlib import sha256

import pytest

from chatsnapshot_processors.core.record_size import CUT_BYTES, HEADER_BYTES, RECORD_BYTES_MAX, record_bytes
from chatsnapshot_processors.core.records import InputRecord, Quarantined
from chatsnapshot_schemas.state_entries import Headers, encode_held
from chatsnapshot_schemas.topics import OUTPUT_MESSAGE_BYTES_MAX, QUARANTINED_BYTES_MAX
from tests.unit.processors.event_values import event, value_of
from tests.unit.processors.lane_in_memory import Lane, names

VALUE = value_of(event("a"))


def decided(key: bytes | None, value: bytes | None, headers: Headers) -> Lane:
    lane = Lane()
    lane.decide(InputRecord(0, 0, key, value, headers))
    return lane


@pytest.mark.parametrize("part", ["key", "headers"])
def test_an_event_whose_record_is_as_large_as_the_topic_takes_is_recorded(part: str) -> None:
    room = RECORD_BYTES_MAX - len(VALUE)
    headers: Headers = (("h", b"x" * (room - 1 - HEADER_BYTES)),)
    lane = decided(b"k" * room, VALUE, ()) if part == "key" else decided(None, VALUE, headers)
    assert names(lane) == ["a"]
    more = decided(b"k" * (room + 1), VALUE, ()) if part == "key" else decided(b"k", VALUE, headers)
    (refused,) = more.quarantine
    assert (refused.reason, refused.record.value) == ("too_large", VALUE)
    assert f"{RECORD_BYTES_MAX + 1} bytes unpacked" in refused.detail


@pytest.mark.parametrize("header", [("", None), ("", b""), ("é", b"x"), ("n" * 64, b"v" * 64)])
def test_a_held_event_fits_the_state_topic_whatever_its_headers_are(header: tuple[str, bytes | None]) -> None:
    plain = event("b", cause="a")
    alone = InputRecord(0, 0, None, value_of(plain), (header,))
    times = (RECORD_BYTES_MAX - len(value_of(plain))) // (record_bytes(alone) - len(value_of(plain)))
    lane = decided(None, value_of(plain), (header,) * times)
    (held,) = lane.held
    assert len(encode_held(held)) <= OUTPUT_MESSAGE_BYTES_MAX
    assert not decided(None, value_of(plain), (header,) * (times + 1)).held


def test_quarantine_keeps_what_it_can_take_whole() -> None:
    value = bytes(QUARANTINED_BYTES_MAX)
    assert refused_of(None, value, ()).record.value == value


def test_of_more_than_quarantine_can_take_the_beginnings_are_kept_and_the_rest_is_named() -> None:
    value, headers = bytes(QUARANTINED_BYTES_MAX), (("a", b"1"), ("b", bytes(CUT_BYTES)), ("c", b"3"))
    refused = refused_of(b"k" * (CUT_BYTES + 1), value, headers)
    assert refused.record == InputRecord(0, 0, b"k" * CUT_BYTES, bytes(CUT_BYTES), (("a", b"1"),))
    assert f"{len(value)} bytes, SHA-256 {sha256(value).hexdigest()}" in refused.detail
    assert refused_of(bytes(QUARANTINED_BYTES_MAX + 1), None, ()).record.value is None


def refused_of(key: bytes | None, value: bytes | None, headers: Headers) -> Quarantined:
    (refused,) = decided(key, value, headers).quarantine
    assert refused.reason == "too_large"
    return refused
