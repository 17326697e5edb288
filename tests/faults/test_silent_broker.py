"""A broker that stops answering while somebody reads: the reader ends and says so, and reads all of it later."""

from pathlib import Path

import pytest

from chatsnapshot.kafka import partition_log
from chatsnapshot.kafka.partition_log import read_partition, reader
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import BrokerUnavailable
from tests.faults.own_broker import OwnBroker
from tests.pipeline.sequencer_installation import Installation, chained_events

EVENTS = 100


def test_a_partition_that_gives_nothing_is_named(
    broker: OwnBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = Installation(broker.bootstrap, tmp_path, partitions=1)
    installation.migrate()
    installation.send(chained_events(["a"], range(EVENTS)))
    events = installation.topics.events
    monkeypatch.setattr(partition_log, "SILENCE_S_MAX", 2.0)
    bounds = partition_log.bounds

    def stopped_after_its_ends_were_asked(*asked: object) -> object:
        found = bounds(*asked)  # type: ignore[arg-type]
        broker.stop_signal()
        return found

    with monkeypatch.context() as patched:
        patched.setattr(partition_log, "bounds", stopped_after_its_ends_were_asked)
        with pytest.raises(BrokerUnavailable, match=f"{events}/0: no record for 2 s below its end"):
            read_all(broker, events)
    broker.cont()
    assert read_all(broker, events) == EVENTS


def read_all(broker: OwnBroker, topic: str) -> int:
    kafka = KafkaConnection(bootstrap_servers=broker.bootstrap)
    consumer = reader(kafka)
    try:
        return sum(1 for _ in read_partition(consumer, kafka, topic, 0))
    finally:
        consumer.close()
