"""A storm of poison in the middle of honest traffic."""

from pathlib import Path

import pytest

from chatsnapshot_schemas.reasons import Reason
from tests.faults.bad_input import BadInput
from tests.faults.case_sender import assert_ended, assert_shown, honest, interleaved, send_cases
from tests.faults.input_stream import short_holds
from tests.faults.lab import Lab
from tests.faults.oracle import examine

POISON = 20_000
HONEST = 4_000
PROCESS_BYTES_MAX = 700 * 1024 * 1024
"""Of a sequencer or a sink: twice what either needs for a million events (docs/benchmarks.md)."""


@pytest.mark.slow_fault
def test_a_storm_of_20_000_poison_records(lab: Lab) -> None:
    """Honest events go on beside them, each keeps its bytes and reason, and nothing restarts or grows."""
    bad = BadInput(lab.choices, lab.partitions)
    poison = [*bad.truncated(POISON // 2), *bad.garbage(POISON - POISON // 2)]
    beside = honest(lab.workload().inputs(HONEST), lab.partitions)
    sent = send_cases(lab, interleaved(lab.choices, poison, beside))
    with short_holds(lab) as processes:
        lab.settle()
        for process in processes:
            assert process.process is not None
            assert peak_bytes(process.process.pid) < PROCESS_BYTES_MAX
    assert_ended(lab, sent)
    assert_shown(lab, sent)
    assert not any(plain["gap_before"] or plain["late"] for plain in lab.installation.ledger())
    seen = examine(lab)
    assert (seen.recorded, seen.quarantined, seen.duplicates) == (HONEST, POISON, 0)
    reasons = lab.client.query(f"SELECT DISTINCT reason FROM {lab.database}.quarantine").result_columns[0]
    assert set(reasons) <= {str(Reason.UNDECODABLE), str(Reason.UNKNOWN_SCHEMA)}


def peak_bytes(pid: int) -> int:
    """The most memory that a process ever had."""
    (line,) = [each for each in Path(f"/proc/{pid}/status").read_text().splitlines() if each.startswith("VmHWM")]
    return int(line.split()[1]) * 1024
