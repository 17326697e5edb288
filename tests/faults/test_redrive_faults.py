"""The way back while those who go it die: the redriving process around its commits, the sequencer meanwhile."""

import json
import signal
from collections import defaultdict

from chatsnapshot_schemas.partitioning import partition_of
from chatsnapshot_schemas.rules import Plain
from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.pipeline.redrive_world import Ran, RedriveWorld
from tests.pipeline.sequencer_installation import eventually, input_record

EVENTS = 900
BATCH = 25
DEATHS = 4
HOLD_MICROS = 2_000_000


def test_redrivers_and_a_sequencer_that_die(lab: Lab) -> None:
    """Every third event came into the wrong partition, some with a broken payload, some bytes mean nothing."""
    events = lab.workload(runs=20).events(EVENTS)
    lost = _send(lab, events)
    world = RedriveWorld(lab)
    sequencer = lab.sequencer("first", hold_micros=HOLD_MICROS).start()
    lab.sink("sink").start()
    _wait_for_refused(lab, world, lost)
    for number in range(DEATHS):
        assert _die(lab, world, "redrive", "--all", "--yes") == -signal.SIGKILL
        if number == DEATHS // 2:
            sequencer.kill()
            sequencer = lab.sequencer("second", hold_micros=HOLD_MICROS).start()
    results = _report(world.run("quarantine", "redrive", "--all", "--yes", "--json"))
    assert set(results) <= {"redriven", "duplicate", "refused"}
    _die(lab, world, "discard", "--all", "--because", "broken", "--yes")
    lab.settle()
    assert set(_report(world.run("quarantine", "discard", "--all", "--because", "broken", "--yes", "--json"))) == {
        "discarded"
    }
    lab.settle()
    assert world.rows() == []
    seen = examine(lab)
    broken = sum(each["payload"] == "[]" for each in events)
    assert seen.recorded == EVENTS - broken + _facts(lab)


def _send(lab: Lab, events: list[Plain]) -> int:
    """Send them; how many will be refused."""
    choices, wrong = lab.choices, defaultdict(list)
    right = []
    for plain in events:
        if choices.random() < 0.03:
            plain["payload"] = "[]"
        record = input_record(plain)
        home = partition_of(record[0], lab.partitions)
        if choices.random() < 0.33:
            wrong[(home + choices.randrange(1, lab.partitions)) % lab.partitions].append(record)
            if choices.random() < 0.2:
                right.append(record)
        else:
            right.append(record)
    lab.send(right)
    for partition, records in wrong.items():
        lab.send([*records, (b"key", b"\xc3\x01" + choices.randbytes(40))], partition=partition)
    return sum(map(len, wrong.values())) + len(wrong)


def _wait_for_refused(lab: Lab, world: RedriveWorld, misrouted: int) -> None:
    eventually(lambda: lab.sequenced() or None)
    eventually(lambda: len(world.rows()) >= misrouted or None)


def _die(lab: Lab, world: RedriveWorld, *command: str) -> int:
    """A redriving process that is killed around its first or second commit, unless it has none left; its exit code."""
    step = f"{lab.choices.choice(('produced', 'committed'))}:{lab.choices.randrange(1, 3)}:{BATCH}"
    return world.child(step, "quarantine", *command).returncode


def _report(ran: Ran) -> dict[str, int]:
    assert ran.out, ran.err
    return dict(json.loads(ran.out)["counts"])


def _facts(lab: Lab) -> int:
    """Recorded events that tell of a redrive."""
    ledger = lab.installation.ledger()
    return sum(plain["envelope"]["event_type"].startswith("system.event_") for plain in ledger)
