import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatsnapshot_projections.sink_offsets import PendingRange, pending_range
from chatsnapshot_schemas.errors import TopicMismatch


@given(st.integers(0, 2**62), st.integers(0, 2**62))
def test_a_range_comes_back_as_it_was_announced(first: int, last: int) -> None:
    announced = PendingRange("topic-id", first, last)
    assert pending_range(announced.to_metadata(), "topic-id") == announced


def test_the_metadata_names_version_topic_and_range() -> None:
    fields = json.loads(PendingRange("T", 5, 9).to_metadata())
    assert fields == {"v": 1, "topic": "T", "pending": [5, 9]}


@pytest.mark.parametrize("metadata", [None, ""])
def test_nothing_is_pending_without_metadata(metadata: str | None) -> None:
    assert pending_range(metadata, "T") is None


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        (PendingRange("old", 5, 9).to_metadata(), "another topic"),
        ('{"v":2,"topic":"T","pending":[5,9]}', "later version"),
        ("hello", "not the sink's"),
        ("[1]", "not the sink's"),
        ('{"v":1,"topic":"T","pending":[5]}', "not the sink's"),
        ('{"v":1,"pending":[5,9]}', "not the sink's"),
    ],
)
def test_what_cannot_be_understood_is_refused_and_never_skipped(metadata: str, why: str) -> None:
    with pytest.raises(TopicMismatch, match=why):
        pending_range(metadata, "T")
