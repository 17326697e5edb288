"""Indexes, heaps and watermarks against plain searching: the same decisions in the same order."""

from hypothesis import assume, given, settings

from chatsnapshot_processors.core.records import Duplicate, Quarantined, Recorded
from tests.unit.processors.lane_in_memory import Lane
from tests.unit.processors.made_up_logs import MadeUp, made_up_logs
from tests.unit.processors.naive_sequencer import Cycle, Naive, Row


def rows_of(lane: Lane) -> list[Row]:
    rows: list[Row] = []
    for output in lane.written:
        match output:
            case Recorded():
                plain = output.plain
                rows.append(("recorded", plain["input_offset"], plain["cause"], plain["gap_before"], plain["late"]))
            case Quarantined():
                reason = str(output.reason).replace("unknown_schema", "undecodable")
                rows.append((reason, output.record.offset, "", 0, False))
            case Duplicate():
                rows.append(("duplicate", output.record.offset, "", 0, False))
    return rows


@settings(max_examples=400, deadline=None)
@given(made_up_logs(cycles=False) | made_up_logs())
def test_the_same_decisions_as_by_searching(made_up: MadeUp) -> None:
    naive, lane = Naive(made_up.policies), Lane(policies=made_up.policies)
    for offset, entry in enumerate(made_up.entries):
        try:
            naive.step(offset, entry)
        except Cycle:
            assume(False)
        lane.send(entry.value, at=entry.at, headers=entry.headers)
    assert rows_of(lane) == naive.rows
