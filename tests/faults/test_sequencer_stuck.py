"""What ends a sequencer by itself: a lane that hangs. And what must not: a client that takes no more records."""

import re
import urllib.request

import pytest

from chatsnapshot_processors.watchdog import EXIT_STUCK
from tests.faults.faulty_sequencer import faulty_sequencer, shuffled
from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.fixtures.ports import unused_port
from tests.pipeline.sequencer_installation import event, event_id, eventually, input_record

STUCK_S = 3.0
FIRST_PRODUCERS = 3
"""As many as there are lanes: each is refused once, and its second producer is like any other."""


def test_a_lane_that_hangs_ends_the_process_and_a_restart_goes_on(lab: Lab) -> None:
    """In the middle of a transaction, with records sent, while other lanes have none to do."""
    workload = lab.workload()
    lab.send(shuffled(lab.choices, workload.inputs(1_500)))
    limits = {"stuck_s": STUCK_S, "batch_records_max": 300}
    step = lab.choices.choice(("producing", "offsets_sent", "committed", "applied", "state_read"))
    hanging = faulty_sequencer(lab, "hangs", {"hang": [step, 1]}, limits=limits).start()
    assert hanging.wait() == EXIT_STUCK, hanging.said()
    said = hanging.said()
    assert f"hangs at {step}" in said
    assert "sequencer ends itself" in said
    assert "in happens" in said  # where every thread was
    with lab.running():
        lab.settle()
    examine(lab)


@pytest.mark.slow_fault
def test_a_full_queue_of_the_client_passes_nothing_over(lab: Lab) -> None:
    """The client takes some records of a call and refuses the rest: the batch is undone and done again."""
    workload = lab.workload()
    lab.send(workload.inputs(2_400))
    small = faulty_sequencer(lab, "small-queues", {"small_queues": [FIRST_PRODUCERS, 100]}).start()
    lab.send(shuffled(lab.choices, workload.inputs(600)))
    eventually(lambda: lab.sequenced() or None)
    assert small.stop() == 0, small.said()
    assert len(re.findall(r"begins again .*takes no records", small.said())) == FIRST_PRODUCERS
    with lab.running():
        lab.send(workload.inputs(300))
        lab.settle()
    examine(lab)


@pytest.mark.slow_fault
def test_what_was_decided_is_counted_once_whatever_is_undone(lab: Lab) -> None:
    """The core's finer counts at /metrics, the same whether a batch had to be done twice or not."""
    late = [event("run", 2), event("run", 0), event("run", 1)]
    waits = [event("other", 0, event_id("other", 1), source_seq=None), event("other", 1, source_seq=None)]
    lab.send([input_record(plain) for plain in (*late, *waits)])
    lab.send([input_record(event("gap", 5))])
    lab.send([input_record(event("lone", 0, event_id("lone", 7)))])
    port = unused_port()
    told = {"hold_micros": 1_000_000, "limits": {"batch_records_max": 2}, "metrics_port": port}
    worker = faulty_sequencer(lab, "counted", {"small_queues": [FIRST_PRODUCERS, 1]}, **told).start()
    eventually(lambda: (lab.sequenced() and not lab.held() and _is_counted(port)) or None)
    assert _counted(port) == {
        "held": 4.0,
        "released": 2.0,
        "expired": 2.0,
        "pushed_out": 0.0,
        "late": 0.0,
        "gaps": 1.0,
        "missing_numbers": 5.0,
        "unresolved": 1.0,
        "source_seq_reused": 0.0,
    }
    assert worker.stop() == 0, worker.said()
    with lab.running(hold_micros=1_000_000):
        lab.send([input_record(event("run", 3))])
        lab.settle()
    examine(lab)


def _is_counted(port: int) -> bool:
    return _counted(port).get("unresolved") == 1.0


def _counted(port: int) -> dict[str, float]:
    """Sums over partitions by name."""
    from chatsnapshot_processors.metrics import _DECIDED

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    found: dict[str, float] = {}
    for name, value in re.findall(r"^chatsnapshot_sequencer_(\w+)_total\{[^}]*\} (\S+)$", text, re.MULTILINE):
        if name in _DECIDED:
            found[name] = found.get(name, 0.0) + float(value)
    return found
