"""A file of envelopes: what is found, where, and that nothing good is complained about."""

import io
import json
from typing import Any

import pytest

from chatsnapshot.validation.envelope_file import LINE_BYTES_MAX
from chatsnapshot.validation.file_check import check_file
from chatsnapshot.validation.findings import Finding
from chatsnapshot_schemas.avro_schema import envelope_schema
from chatsnapshot_schemas.codec import encode_envelope
from chatsnapshot_schemas.errors import ConfigurationError
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.json_form import envelope_from_json

GOOD: dict[str, Any] = {
    "event_id": "01a1fe5f-1eb5-7000-b79d-294b69dfbf13",
    "event_type": "execution.message",
    "timestamp": "2026-01-31T12:00:00Z",
    "source": {"origin": "agent", "runtime": "none"},
    "correlation_id": "r",
    "causation_id": None,
    "payload": {"role": "user", "content": "hello"},
}
GOOD_LINE = json.dumps(GOOD)


def checked(data: str | bytes) -> list[list[Finding]]:
    raw = io.BytesIO(data.encode() if isinstance(data, str) else data)
    return list(check_file(io.BufferedReader(raw), Framing()))  # type: ignore[type-var]


def fields(found: list[Finding], severity: str = "error") -> dict[str, str]:
    return {finding.field: finding.reason for finding in found if finding.severity == severity}


def changed(**members: Any) -> str:
    return json.dumps({**GOOD, **members})


def test_good_envelopes_in_every_form_are_fine() -> None:
    array = json.dumps([GOOD, GOOD], indent=2)
    for data in (GOOD_LINE, f"{GOOD_LINE}\n\n{GOOD_LINE}\n", array, json.dumps(GOOD, indent=4), f"﻿{GOOD_LINE}", "[]"):
        assert all(found == [] for found in checked(data)), data
    assert len(checked(f"{GOOD_LINE}\n\n{GOOD_LINE}\n")) == len(checked(array)) == 2
    assert checked("") == checked("\n \n") == []


def test_every_line_is_checked_and_says_its_number() -> None:
    lines = [GOOD_LINE, "not json", "", changed(correlation_id=""), GOOD_LINE, '["x"]']
    found = checked("\n".join(lines))
    assert [finding.place for each in found for finding in each] == [2, 4, 6]
    assert [finding.reason for each in found for finding in each] == ["undecodable", "invalid_envelope", "undecodable"]
    assert len(found) == 5


def test_all_problems_of_an_envelope_are_named_with_a_fix() -> None:
    (found,) = checked(
        changed(
            event_id="X",
            event_type="tool_called",
            timestamp="yesterday",
            source={"origin": "mars"},
            payload=[1],
            headers={"a": 1},
            more=1,
        )
    )
    assert fields(found).keys() == {
        "event_id",
        "event_type",
        "timestamp",
        "source.origin",
        "payload",
        "headers.a",
        "event.more",
    }
    assert all(finding.fix for finding in found)
    assert next(each.fix for each in found if each.field == "event_type").startswith("write execution.tool_call")


def test_only_so_many_problems_of_an_envelope_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatsnapshot.validation.envelope_check.ERRORS_MAX", 2)
    (found,) = checked(changed(event_id="X", event_type="tool_called", timestamp="yesterday"))
    assert len(found) == 2


def test_only_so_many_warnings_of_a_payload_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatsnapshot.validation.payload_conventions.WARNINGS_MAX", 2)
    (found,) = checked(changed(payload={"parts": [{"text": "x"}] * 5}))
    assert len(found) == 2


def test_missing_members_are_all_named() -> None:
    (found,) = checked("{}")
    assert fields(found).keys() == {"event_id", "event_type", "timestamp", "correlation_id"}


def test_an_event_that_causes_itself_has_the_reason_of_the_quarantine() -> None:
    (found,) = checked(changed(causation_id=GOOD["event_id"]))
    assert fields(found) == {"causation_id": "self_cause"}


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({"role": "boss"}, "payload.role"),
        ({"usage": {"input_uncached": "3"}}, "payload.usage.input_uncached"),
        ({"parts": [{"type": "text"}, {"text": "x"}]}, "payload.parts[1].type"),
    ],
)
def test_conventions_are_warned_about_and_keep_nothing_out(payload: dict[str, Any], field: str) -> None:
    (found,) = checked(changed(payload=payload))
    assert fields(found, "warning") == {field: "convention"}
    assert fields(found) == {}


def test_keys_of_ones_own_are_no_warning() -> None:
    assert checked(changed(payload={"role": "user", "mine": [1, {"x": None}], "runtime_event": {"own": 1}})) == [[]]


def test_a_payload_above_the_cap_is_a_warning_because_it_becomes_a_blob() -> None:
    (found,) = checked(changed(payload={"content": "x" * 300_000}))
    assert fields(found, "warning") == {"payload": "too_large"}
    assert fields(found) == {}


def test_a_large_payload_is_checked_like_any_other() -> None:
    (found,) = checked(changed(payload={"role": "boss", "content": "x" * 300_000}))
    assert fields(found, "warning") == {"payload": "too_large", "payload.role": "convention"}
    deep = '{"a":' * 80 + "1" + "}" * 80
    (found,) = checked(changed(payload_text=f'{{"content":"{"x" * 300_000}","deep":{deep}}}', payload=None))
    assert "payload_text" in fields(found)
    text = json.dumps({**GOOD, "payload": None}).replace("null}", f'{{"c":"{"x" * 300_000}","deep":{deep}}}}}')
    (found,) = checked(text)
    assert fields(found) == {"payload": "too_large"}


def test_one_bad_line_at_the_top_leaves_the_others() -> None:
    found = checked("{broken\n" + f"{GOOD_LINE}\n" * 3)
    assert [len(each) for each in found] == [1, 0, 0, 0]
    assert found[0][0].place == 1


def test_places_in_an_array_are_lines() -> None:
    found = checked(json.dumps([GOOD, {**GOOD, "event_id": "x"}], indent=1))
    assert [len(each) for each in found] == [0, 1]
    assert found[1][0].place == len(json.dumps([GOOD], indent=1).splitlines())


@pytest.mark.parametrize("end", ["{x}]", "", ",]", "] more", "]]"])
def test_an_array_that_breaks_off_is_an_error_behind_the_good_ones(end: str) -> None:
    found = checked(f"[{GOOD_LINE}{'' if end.startswith((']', ',')) else ','}{end}")
    assert found[0] == []
    assert [each.severity for each in found[-1]] == ["error"]


def test_a_line_without_end_is_an_error_and_not_a_full_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatsnapshot.validation.envelope_file.LINE_BYTES_MAX", len(GOOD_LINE) + 10)
    long_line = changed(payload={"content": "y" * 1_000})
    found = checked(f"{GOOD_LINE}\n{long_line}\n{GOOD_LINE}\n{long_line}")
    assert [[finding.reason for finding in each] for each in found] == [[], ["too_large"], [], ["too_large"]]
    assert [finding.place for each in found for finding in each] == [2, 4]
    assert LINE_BYTES_MAX > 64 * 1024 * 1024


def avro(payload: dict[str, Any]) -> bytes:
    return Framing().prefix("t", envelope_schema()) + encode_envelope(envelope_from_json(changed(payload=payload)))


def test_avro_values_one_behind_the_other() -> None:
    good, warned = avro({"role": "user"}), avro({"role": "boss"})
    found = checked(good + warned + good)
    assert [len(each) for each in found] == [0, 1, 0]
    assert (found[1][0].unit, found[1][0].place) == ("byte", len(good))


def test_what_is_no_avro_value_is_an_error_with_its_place() -> None:
    good = avro({"role": "user"})
    other_schema = b"\xc3\x01" + b"12345678" + good[10:]
    assert [finding.reason for each in checked(good + other_schema) for finding in each] == ["unknown_schema"]
    (_, (cut,)) = checked(good + good[:-3])
    assert (cut.reason, cut.place) == ("undecodable", len(good))
    (_, (behind,)) = checked(good + b"more")
    assert (behind.reason, behind.place) == ("undecodable", len(good))


def test_an_avro_container_is_named_as_what_it_is() -> None:
    with pytest.raises(ConfigurationError, match="container"):
        checked(b"Obj\x01...")
