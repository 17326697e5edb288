"""The writer without a broker: a real client whose queue fills up."""

from collections.abc import Iterator

import pytest

from chatsnapshot.replaying import topic_writer
from chatsnapshot.replaying.topic_writer import TopicWriter
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import Undelivered
from tests.unit.projections_sink.recorded import message

FITTING = 3


@pytest.fixture
def writer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[TopicWriter]:
    monkeypatch.setattr(topic_writer, *request.param)
    made = TopicWriter(KafkaConnection(bootstrap_servers="127.0.0.1:1"), "copy")
    monkeypatch.setattr(topic_writer, "STALL_S", 0.2)
    yield made
    made._producer.purge()


@pytest.mark.parametrize("writer", [("QUEUE_MESSAGES_MAX", FITTING), ("QUEUE_KBYTES_MAX", FITTING)], indirect=True)
def test_what_is_on_the_way_is_bounded_and_the_rest_waits(writer: TopicWriter) -> None:
    for offset in range(FITTING):
        writer.write(message(offset, bytes(900), key=b"k"))
    with pytest.raises(Undelivered, match="no acknowledgement for"):
        writer.write(message(FITTING, bytes(900), key=b"k"))
    assert len(writer._producer) == FITTING
