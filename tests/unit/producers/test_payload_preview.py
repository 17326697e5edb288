import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatsnapshot_producers.payload_preview import CONVENTIONAL, STRING_BYTES_MAX, preview_of
from chatsnapshot_producers.preview_paths import PATHS_MAX
from chatsnapshot_schemas import payloads
from chatsnapshot_schemas.payload_json import PAYLOAD_BYTES_MAX, check_payload_text
from chatsnapshot_schemas.payload_parts import Payload

# lone surrogates too: JSON text may escape them
texts = st.text(st.characters(codec=None), max_size=30)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
small = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5), max_leaves=8
)
times = st.integers(1, 5_000)
"""Repetition makes it large: of a list, of an object's members, of a text."""
values = (
    small
    | st.builds(lambda item, n: [item] * n, small, times)
    | st.builds(lambda item, n: {f"k{i}": item for i in range(n)}, small, times)
    | st.builds(lambda text, n: text * n * 20, texts, times)
    | st.builds(lambda text, n: [text * n] * 40, texts, times)
)
names = st.sampled_from(["content", "output", "truncated", "role", "tool_call_id"]) | texts


@settings(max_examples=20, deadline=None)
@given(st.dictionaries(names, values, max_size=6))
def test_a_preview_of_anything_is_a_payload_and_names_all_that_is_not_whole(payload: dict[str, Any]) -> None:
    text = json.dumps(payload)
    preview = preview_of(text)
    check_payload_text(preview)
    assert preview == preview_of(text)
    said = json.loads(preview)
    named = said.pop("truncated")
    assert len(named) <= PATHS_MAX
    payload.pop("truncated", None)
    assert said.keys() <= payload.keys()
    for name, value in json.loads(text).items():
        mine = ("$." + name, f"$[{json.dumps(name)}]")
        if name != "truncated" and not any(path == "$" or path.startswith(mine) for path in named):
            assert said[name] == value


def of(payload: Any) -> dict[str, Any]:
    text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    preview = preview_of(text)
    assert len(preview.encode()) <= PAYLOAD_BYTES_MAX
    said: dict[str, Any] = json.loads(preview)
    return said


def test_long_strings_are_cut_at_whole_characters_and_named() -> None:
    said = of({"role": "user", "content": "é" * 500_000, "parts": [{"text": "a"}, {"text": "b" * 5_000}]})
    assert said["role"] == "user"
    assert said["content"] == "é" * (STRING_BYTES_MAX // 2)
    assert said["parts"] == [{"text": "a"}, {"text": "b" * STRING_BYTES_MAX}]
    assert said["truncated"] == ["$.content", "$.parts[1].text"]
    assert of({"content": "a" + "é" * 500_000})["content"] == "a" + "é" * (STRING_BYTES_MAX // 2 - 1)


def test_a_long_list_keeps_its_first_items_and_leaves_room_for_the_rest() -> None:
    said = of({"output": list(range(500_000)), "status": "ok", "note": "kept", "tool_call_id": "c1"})
    assert said["output"][:3] == [0, 1, 2]
    assert len(said["output"]) > 30_000
    assert (said["status"], said["note"], said["tool_call_id"]) == ("ok", "kept", "c1")
    assert said["truncated"] == ["$.output"]


def test_conventional_members_come_before_others() -> None:
    said = of({**{f"x{n}": "y" * 3_000 for n in range(2_000)}, "output": ["z" * 3_000] * 60, "status": "ok"})
    assert said["status"] == "ok"
    assert len(said["output"]) == 60
    assert "x0" in said
    assert said["truncated"] == ["$"]  # more paths than anybody reads


def test_equal_shares_for_large_members() -> None:
    said = of({"request": ["a" * 100] * 10_000, "response": ["b" * 100] * 10_000})
    assert len(said["request"]) == pytest.approx(len(said["response"]), rel=0.05)


def test_numbers_stay_as_they_were_written() -> None:
    digits = "9" * 5_000
    text = '{"content":"' + "x" * 300_000 + '","a":1.10,"b":1e999,"c":' + digits + "}"
    assert f'"a":1.10,"b":1e999,"c":{digits}' in preview_of(text)


def test_what_the_payload_says_of_itself_is_kept() -> None:
    said = of({"truncated": ["$.before", 7], "content": "x" * 300_000})
    assert said["truncated"] == ["$.before", "$.content"]
    assert of({"truncated": "nonsense", "content": "x" * 300_000})["truncated"] == ["$.content"]


def test_white_space_and_escapes_alone_are_no_loss() -> None:
    assert of('{"a": 1' + " " * 300_000 + "}") == {"a": 1, "truncated": []}


def test_names_that_are_no_words_and_names_that_are_too_long() -> None:
    said = of({"a b": "x" * 300_000, "k" * 300_000: 1})
    assert said == {"a b": "x" * STRING_BYTES_MAX, "truncated": ['$["a b"]', "$"]}
    assert of({'a "b"': "x" * 300_000})["truncated"] == ['$["a \\"b\\""]']


def test_the_conventional_members_are_those_of_the_payload_models() -> None:
    models = [model for model in vars(payloads).values() if isinstance(model, type) and issubclass(model, Payload)]
    fields = {field.alias or name for model in models for name, field in model.model_fields.items()}
    assert fields - CONVENTIONAL == {"truncated"}
