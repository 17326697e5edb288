"""The transport without a broker: a real client whose queue fills up."""

from collections.abc import Iterator

import pytest

from chatsnapshot_producers import kafka_transport
from chatsnapshot_producers.kafka_transport import PRODUCER_CONFIG, KafkaTransport
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import BrokerUnavailable
from chatsnapshot_schemas.framing import Framing
from tests.unit.producers.test_http_transport import EVENTS


@pytest.fixture
def transport(monkeypatch: pytest.MonkeyPatch) -> Iterator[KafkaTransport]:
    monkeypatch.setitem(PRODUCER_CONFIG, "queue.buffering.max.messages", 2)
    monkeypatch.setattr(kafka_transport, "WAIT_S", 0.01)
    kafka = KafkaConnection(bootstrap_servers="127.0.0.1:1")
    made = KafkaTransport(kafka, "events", Framing(), lambda _: None, client_id="tests")
    yield made
    made.close()


@pytest.mark.timeout(30)
def test_a_queue_that_stays_full_is_given_up(transport: KafkaTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_transport, "QUEUE_FULL_ATTEMPTS_MAX", 5)
    with pytest.raises(BrokerUnavailable, match="the send queue stays full"):
        transport.send(EVENTS, lambda: False)
