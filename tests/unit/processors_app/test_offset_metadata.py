import pytest

from chatsnapshot_processors.offset_metadata import OffsetMetadata
from chatsnapshot_schemas.errors import TopicMismatch


def test_what_is_written_is_read() -> None:
    metadata = OffsetMetadata("cyDSG0DGQxGU4sCItZdPUA", 3, 1_700_000_000_000_000)
    assert OffsetMetadata.from_text(metadata.to_text(), "here") == metadata


@pytest.mark.parametrize("text", [None, "", "text", "[]", "{}", "null", '{"v":1,"topic_id":"x"}', '{"v":1,"epoch":[]}'])
def test_anything_else_is_somebody_elses(text: str | None) -> None:
    with pytest.raises(TopicMismatch, match="here was not committed by a sequencer"):
        OffsetMetadata.from_text(text, "here")


def test_a_later_version_is_refused_by_name() -> None:
    with pytest.raises(TopicMismatch, match="version 2"):
        OffsetMetadata.from_text('{"v":2}', "here")
