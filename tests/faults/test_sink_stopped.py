"""A table is gone: what a person must repair stops loudly and alone, and a restart after the repair resumes exactly."""

import uuid

import pytest

from tests.faults.healthy_sink import settle_with_a_healthy_sink
from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.faults.sink_marks import announced
from tests.pipeline.sequencer_installation import eventually, input_record

pytestmark = pytest.mark.slow_fault


@pytest.mark.parametrize("table", ["ledger", "run_items"])
def test_a_dropped_table_stops_the_sink_until_it_is_back(lab: Lab, table: str) -> None:
    """The ledger's table itself, or one that a projection writes."""
    workload = lab.workload()
    with lab.running():
        lab.send(workload.inputs(600))
        lab.settle()
    lab.client.command(f"DROP TABLE {lab.database}.{table}")
    lab.send(workload.inputs(600))
    with lab.sequencer().running():
        eventually(lambda: lab.sequenced() or None)
        sink = lab.sink().start()
        assert sink.wait() == 1, sink.said()
    said = sink.said()
    assert all(f"{lab.topics.ledger}/{partition} STOPPED" in said for partition in range(lab.partitions))
    assert "(60)" in said
    assert announced(lab)
    lab.client.command(f"UNDROP TABLE {lab.database}.{table}")
    settle_with_a_healthy_sink(lab)
    examine(lab)


def test_without_the_table_of_held_events_the_ledger_goes_on(lab: Lab) -> None:
    lab.client.command(f"DROP TABLE {lab.database}.held_versions")
    workload = lab.workload()
    unknown = str(uuid.UUID(int=lab.choices.getrandbits(128), version=4))
    held = [input_record({**plain, "causation_id": unknown}) for plain in workload.events(30)]
    with lab.sequencer(hold_micros=2_000_000).running():
        sink = lab.sink().start()
        lab.send([*held, *workload.inputs(600)])
        eventually(lambda: f"{lab.topics.state}/" in sink.said() or None)
        eventually(lambda: (lab.sequenced() and not lab.held()) or None)
        eventually(lambda: lab.ledger_sunk() or None)
        assert sink.stop() == 0, sink.said()
        assert f"{lab.topics.ledger}/" not in sink.said()
        lab.client.command(f"UNDROP TABLE {lab.database}.held_versions")
        settle_with_a_healthy_sink(lab)
    examine(lab)
