import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from threading import Lock
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatsnapshot.runtimes.jsonable import jsonable
from chatsnapshot.runtimes.shortening import ITEMS_MAX, STRING_BYTES_MAX, shortened
from chatsnapshot_schemas.payload_json import check_payload_text, payload_text


@dataclass
class Point:
    x: int
    at: datetime


class Odd:
    def __repr__(self) -> str:
        return "<odd>"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("inf"), "inf"),
        (Decimal("1.50"), "1.50"),
        (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (b"ab", "YWI="),
        ({1: (2, {3})}, {"1": [2, [3]]}),
        (Point(1, datetime(2026, 1, 1, tzinfo=UTC)), {"x": 1, "at": "2026-01-01T00:00:00Z"}),
        (Odd(), "<odd>"),
        ([Odd(), Point], ["<odd>", repr(Point)]),
    ],
)
def test_odd_values_become_json(value: Any, expected: Any) -> None:
    assert jsonable(value) == expected


def test_a_dataclass_that_cannot_be_copied_is_shown() -> None:
    @dataclass
    class Held:
        lock: Any

    assert "lock" in jsonable(Held(Lock()))


def test_what_refers_to_itself_ends() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert "too deep" in json.dumps(jsonable(loop))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.datetimes() | st.decimals(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner, inner),
    max_leaves=30,
)


@given(values)
def test_anything_becomes_a_payload(value: Any) -> None:
    check_payload_text(payload_text({"output": jsonable(value)}))


def test_a_large_payload_is_cut_and_says_where() -> None:
    payload = {"output": {"a": "é" * 5000, "b": list(range(1000))}, "name": "x"}
    short = shortened(payload)
    assert len(short["output"]["a"].encode()) <= STRING_BYTES_MAX
    assert len(short["output"]["b"]) == ITEMS_MAX
    assert short["truncated"] == ["$.output.a", "$.output.b"]
    assert short["name"] == "x"
