"""The events topic is not what it was: more partitions, or made anew, also under a running sequencer."""

import signal
import time

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from chatsnapshot_schemas.topics import topic_specs
from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.pipeline.sequencer_installation import eventually
from tests.pipeline.worker_process import WITHIN_S

EVENTS = 600


@pytest.mark.slow_fault
def test_partition_count_changed(lab: Lab) -> None:
    """Refused with the way out; the way out loses nothing and doubles nothing."""
    workload = lab.workload()
    lab.send(workload.inputs(EVENTS))
    with lab.running():
        lab.settle()
    admin = AdminClient({"bootstrap.servers": lab.bootstrap})
    admin.create_partitions([NewPartitions(lab.topics.events, 2 * lab.partitions)])[lab.topics.events].result(WITHIN_S)
    lab.send(workload.inputs(EVENTS))  # by the new count: some in the new partitions, some in the wrong old ones
    _assert_refused(lab, "equally many partitions")
    everything = [(sent.key, sent.value) for sent in lab.acknowledged]
    _make_anew(lab, admin)
    lab.acknowledged.clear()
    lab.send(everything)
    lab.installation.migrate()
    with lab.running():
        lab.settle()
    assert examine(lab).recorded == 2 * EVENTS


@pytest.mark.slow_fault
def test_input_topic_made_anew_while_the_sequencer_is_away(lab: Lab) -> None:
    workload = lab.workload()
    lab.send(workload.inputs(EVENTS))
    with lab.running():
        lab.settle()
    _make_anew(lab, AdminClient({"bootstrap.servers": lab.bootstrap}))
    lab.acknowledged.clear()
    lab.send(workload.inputs(2 * EVENTS))
    _assert_refused(lab, "run `chatsnapshot migrate`")
    lab.installation.migrate()
    with lab.running():
        lab.settle()
    assert examine(lab).recorded == 3 * EVENTS


def test_input_topic_made_anew_under_a_running_sequencer(lab: Lab) -> None:
    """Its position would fit the new topic as well: it must not go on there as if nothing had happened."""
    workload = lab.workload()
    lab.send(workload.inputs(EVENTS))
    with lab.running():
        lab.settle()
    running = lab.sequencer("running").start()
    eventually(lambda: running.said().count("open:") >= lab.partitions or None)
    # it sleeps meanwhile, so that it does not happen to look while there is no topic, or an empty one
    running.signal(signal.SIGSTOP)
    _make_anew(lab, AdminClient({"bootstrap.servers": lab.bootstrap}))
    lab.acknowledged.clear()
    lab.send(workload.inputs(3 * EVENTS))
    running.signal(signal.SIGCONT)
    assert running.wait() == 1, running.said()
    assert "was made anew" in running.said()
    lab.installation.migrate()
    with lab.running():
        lab.settle()
    assert examine(lab).recorded == 4 * EVENTS


def _assert_refused(lab: Lab, said: str) -> None:
    worker = lab.sequencer("refused").start()
    assert worker.wait() == 1, worker.said()
    (line,) = [line for line in worker.said().splitlines() if " ERROR " in line]
    assert "topic_mismatch" in line
    assert said in line


def _make_anew(lab: Lab, admin: AdminClient) -> None:
    """Delete the events topic and create it at once, as somebody does who wants it empty."""
    (spec,) = [one for one in topic_specs(lab.topics, lab.partitions, 1) if one.name == lab.topics.events]
    admin.delete_topics([spec.name])[spec.name].result(WITHIN_S)
    give_up = time.monotonic() + WITHIN_S
    while True:
        try:
            new = NewTopic(spec.name, spec.partitions, 1, config=spec.config)
            return admin.create_topics([new])[spec.name].result(WITHIN_S)
        except KafkaException:
            assert time.monotonic() < give_up
