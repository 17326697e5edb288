"""A sink whose broker stalls or is fenced by its controller: it must join again, or end to be started anew."""

import time

import pytest

from tests.faults.clickhouse_proxy import ClickHouseProxy
from tests.faults.forgetful import ASKS_OFTEN, FORGETFUL, fenced
from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.faults.own_broker import OwnBroker
from tests.faults.sink_marks import announced
from tests.faults.supervised import supervised
from tests.pipeline.sequencer_installation import eventually

pytestmark = [pytest.mark.slow_fault, pytest.mark.usefixtures("unmerged")]

SESSION_S = 6.0
STALL_S = 14.0
"""Beyond the sink's session, and beyond the broker's own with its controller."""
BUSY = {
    "batch_records": 100,
    "linger_s": 0.05,
    "session_timeout_s": SESSION_S,
    "buffered_bytes_max": 20_000,
    "insert_timeout_s": 30.0,
}
"""Many inserts, and so little room that partitions are paused."""


@pytest.fixture(scope="module")
def kafka_bootstrap(shared_broker: OwnBroker) -> str:
    return shared_broker.bootstrap


def sequence(lab: Lab, events: int) -> None:
    """A ledger for the sink to read."""
    lab.send(lab.workload().inputs(events))
    with lab.sequencer().running():
        eventually(lambda: lab.sequenced() or None)


def test_sinks_whose_broker_stalls_with_inserts_in_flight(lab: Lab, shared_broker: OwnBroker) -> None:
    """Beyond the session, with partitions paused; one of the two is a static member."""
    sequence(lab, 2_000)
    with ClickHouseProxy(lab.url, "slow", 1_000_000, delay_s=2.0) as proxy:
        either = lab.sink("dynamic", url=proxy.url, config=BUSY)
        static = lab.sink("static", url=proxy.url, config={**BUSY, "instance_id": "one"})
        with supervised(either) as codes, supervised(static) as static_codes:
            eventually(lambda: len(proxy.inserts) >= 2 or None)
            shared_broker.stop_signal()
            time.sleep(STALL_S)
            shared_broker.cont()
            proxy.heal()
            eventually(lambda: lab.sunk() or None)
            assert {*codes, *static_codes} <= {1}, either.said() + static.said()
    examine(lab, without_final=True)


def test_sinks_whose_broker_names_no_broker(lab: Lab, shared_broker: OwnBroker) -> None:
    """librdkafka forgets every broker then. With `none` for ever: the sink must notice, end, and be started anew."""
    sequence(lab, 2_000)
    with ClickHouseProxy(lab.url, "slow", 1_000_000, delay_s=2.0) as proxy:
        usual = lab.sink("usual", url=proxy.url, config=BUSY, client=ASKS_OFTEN)
        forgetful = lab.sink("forgetful", url=proxy.url, config=BUSY, client=FORGETFUL)
        with supervised(usual) as codes, supervised(forgetful) as forgetful_codes:
            eventually(lambda: announced(lab) or None)
            with fenced(shared_broker):
                eventually(lambda: forgetful_codes or None)
            proxy.heal()
            assert "forgotten every broker" in forgetful.said()
            eventually(lambda: lab.sunk() or None)
            assert {*codes, *forgetful_codes} <= {1}, usual.said() + forgetful.said()
    examine(lab, without_final=True)
