"""A sink whose broker stalls or is fenced by its controller: it must join again, or end to be started anew."""

import dataclasses
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from chatsnapshot.embedded.kafka_broker import KafkaNode
from tests.faults.clickhouse_proxy import ClickHouseProxy
from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.faults.own_broker import OwnBroker, own_broker
from tests.faults.sink_marks import announced
from tests.faults.supervised_sink import supervised
from tests.pipeline.sequencer_installation import eventually

pytestmark = [pytest.mark.slow_fault, pytest.mark.usefixtures("unmerged")]

SESSION_S = 6.0
STALL_S = 14.0
"""Beyond the sink's session, and beyond the broker's own with its controller."""
SLOW_TO_REPORT = ("broker.session.timeout.ms=3000", "broker.heartbeat.interval.ms=9000")
"""Its controller takes it for dead six seconds of nine; meanwhile it answers without naming any broker."""
ASKS_OFTEN = {"topic.metadata.refresh.interval.ms": 500}
"""So that the client asks about brokers while there are none."""
BUSY = {
    "batch_records": 100,
    "linger_s": 0.05,
    "session_timeout_s": SESSION_S,
    "buffered_bytes_max": 20_000,
    "insert_timeout_s": 30.0,
}
"""Many inserts, and so little room that partitions are paused."""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnBroker]:
    with own_broker(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(scope="module")
def kafka_bootstrap(broker: OwnBroker) -> str:
    return broker.bootstrap


@contextmanager
def fenced(broker: OwnBroker) -> Iterator[None]:
    """Its controller takes the broker for dead again and again; then it runs as usual."""
    usual = broker.node
    restart(broker, dataclasses.replace(usual, more_properties=SLOW_TO_REPORT))
    yield
    restart(broker, usual)


def restart(broker: OwnBroker, node: KafkaNode) -> None:
    broker.kill()
    broker.node = node
    broker.start()


def sequence(lab: Lab, events: int) -> None:
    """A ledger for the sink to read."""
    lab.send(lab.workload().inputs(events))
    with lab.sequencer().running():
        eventually(lambda: lab.sequenced() or None)


def test_sinks_whose_broker_stalls_with_inserts_in_flight(lab: Lab, broker: OwnBroker) -> None:
    """Beyond the session, with partitions paused; one of the two is a static member."""
    sequence(lab, 2_000)
    with ClickHouseProxy(lab.url, "slow", 1_000_000, delay_s=2.0) as proxy:
        either = lab.sink("dynamic", url=proxy.url, config=BUSY)
        static = lab.sink("static", url=proxy.url, config={**BUSY, "instance_id": "one"})
        with supervised(either) as codes, supervised(static) as static_codes:
            eventually(lambda: len(proxy.inserts) >= 2 or None)
            broker.stop_signal()
            time.sleep(STALL_S)
            broker.cont()
            proxy.heal()
            eventually(lambda: lab.sunk() or None)
            assert {*codes, *static_codes} <= {1}, either.said() + static.said()
    examine(lab, without_final=True)


def test_sinks_whose_broker_names_no_broker(lab: Lab, broker: OwnBroker) -> None:
    """librdkafka forgets every broker then. With `none` for ever: the sink must notice, end, and be started anew."""
    sequence(lab, 2_000)
    with ClickHouseProxy(lab.url, "slow", 1_000_000, delay_s=2.0) as proxy:
        usual = lab.sink("usual", url=proxy.url, config=BUSY, client=ASKS_OFTEN)
        client = {**ASKS_OFTEN, "metadata.recovery.strategy": "none"}
        forgetful = lab.sink("forgetful", url=proxy.url, config=BUSY, client=client)
        with supervised(usual) as codes, supervised(forgetful) as forgetful_codes:
            eventually(lambda: announced(lab) or None)
            with fenced(broker):
                eventually(lambda: forgetful_codes or None)
            proxy.heal()
            assert "forgotten every broker" in forgetful.said()
            eventually(lambda: lab.sunk() or None)
            assert {*codes, *forgetful_codes} <= {1}, usual.said() + forgetful.said()
    examine(lab, without_final=True)
