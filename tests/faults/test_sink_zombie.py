"""A sink that stands still, stopped or hanging, until another has inserted its batch; then it goes on as a zombie."""

import signal

import pytest

from tests.faults.clickhouse_proxy import ClickHouseProxy
from tests.faults.lab import Lab, SinkProcess
from tests.faults.oracle import examine
from tests.faults.workload import Workload
from tests.pipeline.sequencer_installation import eventually

pytestmark = pytest.mark.usefixtures("unmerged")

IMPATIENT = {"batch_records": 100, "session_timeout_s": 6.0, "max_poll_interval_s": 9.0, "insert_timeout_s": 3.0}
LATE_S = 12.0
"""When the zombie's insert reaches the server: after the heir's, which begins when the session has ended."""
HANGS_S = 15
"""Beyond the limit between polls."""


def heir_of(lab: Lab, victim: SinkProcess, workload: Workload) -> None:
    """Another sink takes over and stores everything; then both go on with more."""
    heir = lab.sink("heir", config=IMPATIENT).start()
    eventually(lambda: lab.sunk() or None)
    victim.signal(signal.SIGCONT)
    eventually(lambda: "partitions lost" in victim.said() or None)
    lab.send(workload.inputs(600))
    lab.settle()
    assert victim.stop() == 0, victim.said()
    assert heir.stop() == 0, heir.said()


@pytest.mark.slow_fault
def test_sink_stopped_beyond_its_session_while_another_inserts(lab: Lab) -> None:
    """Its insert lands after the other's, and its commits are refused."""
    workload = lab.workload()
    with lab.sequencer().running(), ClickHouseProxy(lab.url, "slow", 1_000_000, delay_s=LATE_S) as proxy:
        lab.send(workload.inputs(1_200))
        eventually(lambda: lab.sequenced() or None)
        victim = lab.sink("victim", url=proxy.url, config=IMPATIENT).start()
        eventually(lambda: proxy.inserts or None)
        victim.signal(signal.SIGSTOP)
        proxy.times = 0  # those that came are late all the same
        heir_of(lab, victim, workload)
        eventually(lambda: proxy.answers or None)
    examine(lab, without_final=True)


@pytest.mark.slow_fault
def test_sink_hangs_beyond_the_poll_limit_while_another_inserts(lab: Lab) -> None:
    """It wakes up between the announcement and the insert of a batch that is stored and committed by then."""
    workload = lab.workload()
    with lab.sequencer().running():
        lab.send(workload.inputs(1_200))
        eventually(lambda: lab.sequenced() or None)
        victim = lab.sink("victim", hang=["announced", 1, HANGS_S], config=IMPATIENT).start()
        heir_of(lab, victim, workload)
    examine(lab, without_final=True)
