import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatsnapshot_projections.sink_offsets import SPANS_MAX, Announcement, Span, announcement
from chatsnapshot_schemas.errors import TopicMismatch

OFFSET = st.integers(0, 2**62)
KAFKA_METADATA_BYTES_MAX = 4096


@given(st.dictionaries(st.integers(0, 1023), st.tuples(OFFSET, OFFSET), min_size=1, max_size=10))
def test_every_partition_says_the_whole_batch(ranges: dict[int, tuple[int, int]]) -> None:
    announced = Announcement("topic-id", tuple(sorted(Span(at, *ends) for at, ends in ranges.items())))
    for partition in ranges:
        assert announcement(announced.to_metadata(partition), "topic-id", partition) == announced


def test_the_metadata_names_version_topic_and_range() -> None:
    alone = Announcement("T", (Span(3, 5, 9),))
    assert json.loads(alone.to_metadata(3)) == {"v": 1, "topic": "T", "pending": [5, 9]}
    joined = Announcement("T", (Span(3, 5, 9), Span(4, 0, 7)))
    assert json.loads(joined.to_metadata(4)) == {"v": 2, "topic": "T", "pending": [0, 7], "with": [[3, 5, 9]]}


def test_the_largest_announcement_fits_what_kafka_keeps() -> None:
    topic_id = "x" * 22
    spans = tuple(Span(1023 - SPANS_MAX + at, 2**62, 2**63 - 1) for at in range(SPANS_MAX))
    assert len(Announcement(topic_id, spans).to_metadata(1000)) <= KAFKA_METADATA_BYTES_MAX


@pytest.mark.parametrize("metadata", [None, ""])
def test_nothing_is_pending_without_metadata(metadata: str | None) -> None:
    assert announcement(metadata, "T", 0) is None


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        (Announcement("old", (Span(0, 5, 9),)).to_metadata(0), "another topic"),
        ('{"v":3,"topic":"T","pending":[5,9]}', "later version"),
        ("hello", "not the sink's"),
        ("[1]", "not the sink's"),
        ('{"v":1,"topic":"T","pending":[5]}', "not the sink's"),
        ('{"v":1,"pending":[5,9]}', "not the sink's"),
        ('{"v":2,"topic":"T","pending":[5,9],"with":[[1,2]]}', "not the sink's"),
    ],
)
def test_what_cannot_be_understood_is_refused_and_never_skipped(metadata: str, why: str) -> None:
    with pytest.raises(TopicMismatch, match=why):
        announcement(metadata, "T", 0)
