"""The small tables, `held` and `quarantine`, under kills: their rows follow the topics all the same."""

import signal
import uuid
from collections.abc import Iterator

import pytest

from tests.faults.clickhouse_proxy import ClickHouseProxy
from tests.faults.healthy_sink import settle_with_a_healthy_sink
from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.faults.workload import Workload
from tests.pipeline.sequencer_installation import eventually, input_record

STEPS = ("closed", "inserting", "stored", "committed")
HOLD_MICROS = 2_000_000


def waiting(lab: Lab, workload: Workload) -> Iterator[tuple[bytes, bytes]]:
    """Events whose causes never come: held, and recorded at their bound."""
    for plain in workload.events(20):
        unknown = str(uuid.UUID(int=lab.choices.getrandbits(128), version=4))
        yield input_record({**plain, "causation_id": unknown, "caused_by": []})


def poison(lab: Lab) -> Iterator[tuple[bytes, bytes]]:
    """What nobody can read."""
    for _ in range(20):
        yield f"default/poison-{lab.choices.randrange(9)}".encode(), lab.choices.randbytes(60)


def killed_while_nothing_is_stored(lab: Lab) -> None:
    """What was not stored must not be committed."""
    with ClickHouseProxy(lab.url, "refuse", 1_000_000, of=("held_versions", "quarantine_versions")) as proxy:
        victim = lab.sink("refused", url=proxy.url, config={"instance_id": "one"}).start()
        eventually(lambda: len(dict(proxy.inserts)) >= 2 or None)
        victim.kill()


@pytest.mark.slow_fault
@pytest.mark.parametrize("kind", ["state", "quarantine"])
def test_sink_killed_at_each_step_of_an_upsert(lab: Lab, kind: str) -> None:
    workload = lab.workload(runs=10)
    with lab.sequencer(hold_micros=HOLD_MICROS).running():
        for step in STEPS:
            lab.send([*poison(lab), *waiting(lab, workload)])
            victim = lab.sink(step, kill=[step, 1, kind], config={"instance_id": "one"}).start()
            assert victim.wait() == -signal.SIGKILL, victim.said()
        lab.send([*poison(lab), *waiting(lab, workload)])
        killed_while_nothing_is_stored(lab)
        eventually(lambda: lab.sequenced() or None)
        eventually(lambda: not lab.held() or None)
        settle_with_a_healthy_sink(lab)
    examine(lab)
    assert lab.examined is not None
    assert lab.examined.quarantined == 20 * (len(STEPS) + 1)
