"""Recorders that send by HTTP while the server is killed: sent again with the same ids, nothing is lost or doubled."""

import time

import pytest

from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.faults.recorder_process import Recorders, assert_recorded
from tests.pipeline.http_server import HttpServer

KILLS = 3
EVENTS = 1_000


@pytest.mark.slow_fault
def test_the_http_ingest_killed_under_recorders(lab: Lab) -> None:
    """Twice a recorder is killed with it, too, and its successor sends what it left."""
    settings = {"KAFKA_BOOTSTRAP_SERVERS": lab.bootstrap, "TOPIC_PREFIX": lab.topics.prefix}
    with HttpServer(lab.folder, **settings) as server, Recorders(lab, server.url) as recorders, lab.running():
        last = recorders.process("patient", threads=2, events=EVENTS, pause_s=0.004).start()
        for _ in range(KILLS):
            burst = recorders.process("burst").start()
            burst.wait_told(lab.choices.randrange(100, 400))
            time.sleep(lab.choices.uniform(0.0, 0.5))
            server.kill()
            burst.kill()
            server.start()
        assert len(last.wait()) == 2 * EVENTS
        recorders.send_leftovers()
        lab.settle()
        assert_recorded(lab, recorders.told())
    assert [status["spooled"] for status in last.statuses()] == [0]
    examine(lab)
