"""What may be changed in a quarantined event, and that nothing else changes with it."""

import json
from typing import Any

import pytest

from chatsnapshot_processors.redrive.edit import Edit, edited, new_event_id, replacement, with_keys
from chatsnapshot_schemas.errors import InvalidEvent, RedriveRefused
from chatsnapshot_schemas.quarantine_entries import Identity, InputPlace, QuarantinedInput
from chatsnapshot_schemas.rules import Plain
from tests.pipeline.sequencer_installation import event, event_id, input_record

FOUND = QuarantinedInput(InputPlace(1, 2, 30), 9, "too_large", "", 4, *input_record(event("run", 0)))
READABLE = Identity("default", "run", event_id("run", 0), "execution.message")
ENVELOPE = {"event_type": "execution.message", "timestamp": "2026-01-31T12:00:00Z", "payload": {"a": 1}}


def changed(edit: Edit, **plain: Any) -> tuple[Plain, tuple[str, ...]]:
    return edited(event("run", 0, **plain), edit, FOUND)


def test_without_an_edit_nothing_changes() -> None:
    assert Edit().is_empty
    assert changed(Edit()) == (event("run", 0), ())


def test_a_payload_is_kept_byte_for_byte_and_takes_the_reference_away() -> None:
    text = '{ "a":  0.10 }'
    ref = {"uri": "file:///x", "sha256": "0" * 64, "bytes": 1}
    after, names = changed(Edit(payload=text), payload_ref=ref)
    assert (after["payload"], after["payload_ref"], names) == (text, None, ("payload", "payload_ref"))


def test_a_preview_is_not_edited_key_by_key() -> None:
    ref = {"uri": "file:///x", "sha256": "0" * 64, "bytes": 1}
    with pytest.raises(RedriveRefused, match="preview"):
        changed(Edit(changes={"payload.a": 1}), payload_ref=ref)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("event_type", "system.x", "system.x"),
        ("causation_id", None, None),
        ("subject_id", "p", "p"),
        ("caused_by", [], []),
        ("headers", {"a": "b"}, {"a": "b"}),
        ("timestamp", "1970-01-01T00:00:01", 1_000_000),
        ("timestamp", "1970-01-01T01:00:01+01:00", 1_000_000),
    ],
)
def test_some_fields_can_be_set(name: str, value: Any, expected: Any) -> None:
    assert changed(Edit(changes={name: value}))[0][name] == expected


@pytest.mark.parametrize("name", ["event_id", "tenant_id", "correlation_id", "source", "source_seq", "payload", "x"])
def test_others_cannot(name: str) -> None:
    with pytest.raises(RedriveRefused, match=f"^{name}: cannot be changed"):
        changed(Edit(changes={name: "x"}))


@pytest.mark.parametrize(
    ("name", "value"), [("event_type", 1), ("timestamp", "x"), ("caused_by", "x"), ("headers", [])]
)
def test_a_value_of_another_kind_names_its_field(name: str, value: Any) -> None:
    with pytest.raises(InvalidEvent, match=f"^{name}: "):
        changed(Edit(changes={name: value}))


def test_keys_inside_the_payload_are_set() -> None:
    assert with_keys('{"a":{"b":1},"c":"ü"}', {"a.b": [2], "d.e": None}) == '{"a":{"b":[2]},"c":"ü","d":{"e":null}}'


@pytest.mark.parametrize("text", ["[1]", "1", '{"a":[1]}', '{"a":1}'])
def test_only_objects_have_keys(text: str) -> None:
    with pytest.raises(InvalidEvent, match=r"^payload\.a\.b: only keys"):
        with_keys(text, {"a.b": 1})


@pytest.mark.parametrize("text", ["", "{", '{"a":1e400}', '{"a":0.12345678901234567890}'])
def test_what_would_change_elsewhere_is_refused(text: str) -> None:
    with pytest.raises((RedriveRefused, InvalidEvent), match=r"^payload: "):
        with_keys(text, {"x": 1})


@pytest.mark.parametrize("text", ['{"a":0.10}', '{"a":1e3}', f'{{"a":{10**40}}}'])
def test_numbers_that_stay_the_same_number_are_no_obstacle(text: str) -> None:
    assert json.loads(with_keys(text, {"x": 0.5})) == {**json.loads(text), "x": 0.5}


def test_a_new_id_follows_from_place_and_bytes() -> None:
    after, names = changed(Edit(new_id=True))
    assert (after["event_id"], names) == (new_event_id(FOUND), ("event_id",))
    assert after["event_id"] != event_id("run", 0)


def test_a_whole_envelope_has_the_ids_of_the_original_unless_it_says_others() -> None:
    plain = replacement(Edit(envelope=json.dumps(ENVELOPE)), READABLE, FOUND)
    assert (plain["tenant_id"], plain["correlation_id"], plain["event_id"]) == ("default", "run", event_id("run", 0))
    anew = replacement(Edit(envelope=json.dumps(ENVELOPE), new_id=True), READABLE, FOUND)
    assert anew["event_id"] == new_event_id(FOUND)


def test_a_readable_event_stays_in_its_run() -> None:
    with pytest.raises(RedriveRefused, match=r"^correlation_id: the event stays in its run, 'run'"):
        replacement(Edit(envelope=json.dumps(ENVELOPE | {"correlation_id": "other"})), READABLE, FOUND)


def test_an_unreadable_one_goes_where_the_envelope_says() -> None:
    text = json.dumps(ENVELOPE | {"correlation_id": "other"})
    plain = replacement(Edit(envelope=text), Identity("acme", "run"), FOUND)
    assert (plain["tenant_id"], plain["correlation_id"]) == ("acme", "other")
    assert plain["event_id"] == new_event_id(FOUND)


def test_an_envelope_without_a_run_names_the_field() -> None:
    with pytest.raises(InvalidEvent, match=r"^correlation_id: is missing"):
        replacement(Edit(envelope=json.dumps(ENVELOPE)), Identity(), FOUND)


def test_two_ways_to_say_one_thing_are_refused() -> None:
    with pytest.raises(RedriveRefused, match="whole envelope"):
        Edit(envelope="{}", payload="{}")
    with pytest.raises(RedriveRefused, match="whole payload"):
        Edit(payload="{}", changes={"payload.a": 1})
