"""A broker that names no broker: whoever has forgotten all of them finds them again, or is made anew."""

import time

import pytest

from chatsnapshot import Recorder
from chatsnapshot_schemas.connections import KafkaConnection
from tests.faults.faulty_sequencer import faulty_sequencer
from tests.faults.forgetful import ASKS_OFTEN, FORGETFUL, fenced
from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.faults.own_broker import OwnBroker
from tests.faults.recorder_process import Recorders, assert_recorded
from tests.faults.supervised import HANG_S, MAY_END_WITH, supervised
from tests.pipeline.client_settings import add_client_settings
from tests.pipeline.http_server import HttpServer
from tests.pipeline.sequencer_installation import eventually

pytestmark = pytest.mark.slow_fault

EVENTS = 300
FENCED_S = 15.0
"""Some rounds of being taken for dead."""
FLUSH_S = 60.0
FORGOTTEN = "forgotten every broker"


@pytest.fixture(scope="module")
def kafka_bootstrap(shared_broker: OwnBroker) -> str:
    return shared_broker.bootstrap


@pytest.mark.parametrize("forgetful", [True, False])
def test_sequencers_whose_broker_names_no_broker(lab: Lab, shared_broker: OwnBroker, forgetful: bool) -> None:
    """With clients that never find one again, too: every one is made anew."""
    workload = lab.workload()
    lab.send(workload.inputs(1_000))
    sequencer = faulty_sequencer(lab, "fenced", {"client": FORGETFUL if forgetful else ASKS_OFTEN})
    with supervised(sequencer) as codes:
        eventually(lambda: lab.sequenced() or None)
        with fenced(shared_broker):
            time.sleep(FENCED_S)
        lab.send(workload.inputs(1_000))
        eventually(lambda: lab.sequenced() or None, HANG_S)
    assert {*codes} <= MAY_END_WITH, sequencer.said()
    with lab.running():
        lab.settle()
    examine(lab)


def test_an_ingest_whose_broker_names_no_broker(lab: Lab, shared_broker: OwnBroker) -> None:
    """Its producer is replaced; recorders send again what was not answered."""
    settings = {"KAFKA_BOOTSTRAP_SERVERS": lab.bootstrap, "TOPIC_PREFIX": lab.topics.prefix}
    server = HttpServer(lab.folder, module="tests.faults.forgetful", **settings)
    with server, Recorders(lab, server.url) as recorders:
        recording = recorders.process("steady", threads=1, events=3_000, pause_s=0.01).start()
        recording.wait_told(100)
        with fenced(shared_broker):
            eventually(lambda: FORGOTTEN in server.log.read_text() or None)
        recording.wait()
        with lab.running():
            lab.settle()
        assert_recorded(lab, recorders.told())
    assert [status["spooled"] for status in recording.statuses()] == [0]
    examine(lab)


def test_a_recorder_whose_broker_names_no_broker(
    lab: Lab, shared_broker: OwnBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It connects anew when nothing was acknowledged for a while."""
    monkeypatch.setenv("CHATSNAPSHOT_DATA_DIR", str(lab.folder))
    monkeypatch.setenv("CHATSNAPSHOT_TOPIC_PREFIX", lab.topics.prefix)
    monkeypatch.setattr(KafkaConnection, "client_config", KafkaConnection.client_config)  # put back at the end
    add_client_settings(FORGETFUL)
    with Recorder.connect(f"kafka://{lab.bootstrap}") as recorder:
        run = recorder.run("forgotten")
        ids = [run.record("execution.message", {"n": 0}).event_id]
        recorder.flush(FLUSH_S)
        with fenced(shared_broker):
            for number in range(1, EVENTS):
                ids.append(run.record("execution.message", {"n": number}).event_id)
                time.sleep(FENCED_S / EVENTS)
        recorder.flush(FLUSH_S)
    monkeypatch.undo()
    with lab.running():
        lab.settle()
    assert [record["envelope"]["event_id"] for record in lab.installation.ledger()] == ids
    examine(lab)
