import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatsnapshot_producers.ingest_body import BodyForm, body_form, event_texts
from chatsnapshot_schemas.errors import InvalidEvent, UnsupportedMedia
from chatsnapshot_schemas.reasons import Reason
from tests.unit.schemas.strategies import json_values

spaces = st.text(" \t\r\n", max_size=3)


def as_text(text: bytes | str) -> str:
    return text.decode() if isinstance(text, bytes) else text


@given(st.lists(st.tuples(json_values.map(json.dumps), spaces, spaces), min_size=1, max_size=8))
def test_elements_keep_their_source_text(elements: list[tuple[str, str, str]]) -> None:
    body = "[" + ",".join(before + text + after for text, before, after in elements) + "]"
    found = event_texts(body.encode(), BodyForm.JSON, 8)
    assert [as_text(text) for text in found] == [text for text, _, _ in elements]


@settings(max_examples=300)
@given(st.binary(max_size=60) | st.text('[]{},:"1eN \\\n', max_size=30).map(str.encode), st.sampled_from(BodyForm))
def test_any_bytes_give_texts_or_an_error_about_the_body(body: bytes, form: BodyForm) -> None:
    try:
        assert 1 <= len(event_texts(body, form, 5)) <= 5
    except InvalidEvent as refused:
        error = refused
    else:
        return
    assert error.field == "body"
    assert error.reason in (Reason.UNDECODABLE, Reason.TOO_LARGE)


@pytest.mark.parametrize("bad", ["[1,]", "[,1]", "[1 2]", "[1", "[1]]", "[1] x", '["a]', "[tru]"])
def test_an_array_that_cannot_be_taken_apart_is_refused_whole(bad: str) -> None:
    with pytest.raises(InvalidEvent, match="body: not a JSON array") as caught:
        event_texts(bad.encode(), BodyForm.JSON, 5)
    assert caught.value.reason is Reason.UNDECODABLE


def test_what_is_wrong_inside_an_element_is_left_to_it() -> None:
    elements = ["NaN", '{"a":-Infinity}', '"tab\there"', "1" * 5_000]
    assert event_texts(f"[{','.join(elements)}]".encode(), BodyForm.JSON, 5) == elements


def test_lines_are_split_at_newlines_alone() -> None:
    body = '\ufeff\n {"a":"\u2028"} \r\n\n\t\n{"b":\r1}'.encode()
    assert [as_text(text) for text in event_texts(body, BodyForm.LINES, 5)] == ['{"a":"\u2028"}', '{"b":\r1}']


@pytest.mark.parametrize(("form", "body"), [(BodyForm.LINES, b"1\n1\n1"), (BodyForm.JSON, b"[1,1,1]")])
def test_one_more_than_allowed_is_too_large(form: BodyForm, body: bytes) -> None:
    assert len(event_texts(body, form, 3)) == 3
    with pytest.raises(InvalidEvent, match="more than 2 events") as caught:
        event_texts(body, form, 2)
    assert caught.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize(
    ("content_type", "form"),
    [
        (None, BodyForm.JSON),
        ("Application/JSON; charset=utf-8", BodyForm.JSON),
        ("application/x-ndjson", BodyForm.LINES),
        ("application/jsonl", BodyForm.LINES),
    ],
)
def test_the_form_follows_from_the_content_type(content_type: str | None, form: BodyForm) -> None:
    assert body_form(content_type) is form


def test_another_content_type_says_what_is_taken() -> None:
    with pytest.raises(UnsupportedMedia, match="application/x-ndjson"):
        body_form("text/csv")
