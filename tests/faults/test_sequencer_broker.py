"""The broker stands still for longer than every session, its own included, and goes on."""

import random
import time
from pathlib import Path
from threading import Thread

import pytest
from confluent_kafka import Producer

from chatsnapshot_processors.lane_producer import ABORT_TIMEOUT_S, quiet_close
from tests.faults.fault_table import fault_row
from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.faults.own_broker import OwnBroker
from tests.faults.supervised import HANG_S, MAY_END_WITH, supervised
from tests.pipeline.events_topic import EventsTopic
from tests.pipeline.sequencer_installation import eventually
from tests.pipeline.worker_process import WITHIN_S

SESSION_S = 6.0
SMALL_BATCHES = {"batch_records_max": 100, "transaction_interval_s": 0.0}
STOPPED_S = 25.0
"""Longer than the session of the group, the request timeouts of the clients and the broker's own session."""
LOOKS_S = 11.0
"""Two looks of the watchdog."""
SOME = 100
"""Recorded before the broker stops: load is under way."""
COMPLAINT = "the watchdog cannot ask for the ends"


@pytest.mark.slow_fault
def test_broker_stopped_for_long(
    request: pytest.FixtureRequest, broker: OwnBroker, clickhouse_url: str, tmp_path: Path, fault_random: random.Random
) -> None:
    """Under load, with partitions that nothing was ever committed for."""
    with Lab.created(broker.bootstrap, clickhouse_url, tmp_path, fault_random, partitions=4) as lab:
        one_run = lab.workload(runs=1)
        sequencer = lab.sequencer(session_timeout_s=SESSION_S, instance_id=None, limits=SMALL_BATCHES)
        with supervised(sequencer) as codes, supervised(lab.sink()):
            lab.send(one_run.inputs(4_000))
            eventually(lambda: len(lab.installation.records(lab.topics.ledger)) > SOME or None)
            broker.stop_signal()
            time.sleep(STOPPED_S)
            broker.cont()
            lab.send(lab.workload().inputs(2_000))
            lab.settle(HANG_S)
            time.sleep(LOOKS_S)
            complaints = sequencer.said().count(COMPLAINT)
            time.sleep(LOOKS_S)
            assert sequencer.said().count(COMPLAINT) == complaints, sequencer.said()
        assert {*codes} <= MAY_END_WITH, sequencer.said()
        examine(lab)
    request.node.user_properties.append(("fault", fault_row(request.node.name, lab)))


@pytest.mark.slow_fault
@pytest.mark.parametrize("sent", [True, False])
def test_a_transaction_that_a_silent_broker_does_not_end_is_left_in_bounded_time(broker: OwnBroker, sent: bool) -> None:
    """The client's own `close` would wait for the broker."""
    topic = EventsTopic(broker.bootstrap).create().name
    producer = Producer({"bootstrap.servers": broker.bootstrap, "transactional.id": f"open-{sent}", "linger.ms": 0})
    producer.init_transactions(WITHIN_S)
    producer.begin_transaction()
    producer.produce(topic, b"one")
    assert producer.flush(WITHIN_S) == 0
    broker.stop_signal()
    if sent:
        producer.produce(topic, b"another")
        producer.poll(1.0)
    closing = Thread(target=quiet_close, args=(producer,), daemon=True)
    closing.start()
    closing.join(2 * ABORT_TIMEOUT_S)
    is_left = not closing.is_alive()
    broker.cont()
    closing.join()
    assert is_left
