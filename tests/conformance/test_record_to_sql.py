"""The whole path on each backend: recorded, sequenced, stored, read by SQL and proved; and again after kill -9."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.running_roles import RunningRoles, installed
from tests.pipeline.sequencer_installation import eventually

RUNS, EVENTS = 12, 25


@pytest.fixture(scope="module")
def roles(
    kafka_bootstrap: str, clickhouse_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningRoles]:
    with installed(kafka_bootstrap, clickhouse_url, tmp_path_factory.mktemp("roles")) as running:
        yield running


def event_id(run: str, number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{run}/{number}"))


def envelope(run: str, number: int) -> dict[str, Any]:
    """Caused by the one before it; ids follow from run and number."""
    return {
        "event_id": event_id(run, number),
        "event_type": "execution.message",
        "timestamp": "2026-01-02T03:04:05.000006Z",
        "source": {"origin": "agent", "runtime": "custom", "service": "conformance"},
        "correlation_id": run,
        "causation_id": event_id(run, number - 1) if number else None,
        "payload": {"role": "user" if number % 2 == 0 else "assistant", "content": f"{run} says {number}"},
    }


def recorded(roles: RunningRoles, runs: list[str], numbers: range) -> None:
    """Through the command line; every run's last event comes first and waits for its causes."""
    order = [numbers[-1], *numbers[:-1]]
    lines = "\n".join(json.dumps(envelope(run, number)) for number in order for run in runs)
    roles.json("import", "-", stdin=lines)


def in_the_table(roles: RunningRoles, count: int) -> bool | None:
    return roles.sql("SELECT count() FROM ledger FINAL")[0][0] >= count or None


def test_recorded_events_are_rows_in_order_with_their_causes(roles: RunningRoles) -> None:
    runs = [f"refund {number}" for number in range(RUNS)]
    with roles.serving("sequencer", "sequencer-0") as sequencer, roles.serving("sink", "sink-0") as sink:
        sequencer.wait_ready()
        sink.wait_ready()
        recorded(roles, runs, range(EVENTS))
        eventually(lambda: in_the_table(roles, RUNS * EVENTS))
        recorded(roles, runs[:2], range(EVENTS))  # facts that are known: dropped
        assert roles.run("verify", "--all", "--json").returncode == 0
        assert sequencer.stop() == 0
        assert sink.stop() == 0
    assert roles.sql("SELECT count(), uniqExact(event_id), countIf(cause = 'linked') FROM ledger FINAL") == [
        [RUNS * EVENTS, RUNS * EVENTS, RUNS * (EVENTS - 1)]
    ]
    asked = (
        "SELECT groupArray(event_id) FROM (SELECT toString(event_id) AS event_id FROM ledger FINAL"
        f" WHERE correlation_id = '{runs[3]}' ORDER BY sequence_no)"
    )
    assert roles.sql(asked)[0][0] == [event_id(runs[3], number) for number in range(EVENTS)]
    shown = roles.run("show", runs[3])
    assert f"{runs[3]} says {EVENTS - 1}" in shown.stdout


def test_killed_workers_lose_nothing_and_repeat_nothing(roles: RunningRoles) -> None:
    before = roles.sql("SELECT count() FROM ledger FINAL")[0][0]
    runs = [f"killed {number}" for number in range(RUNS)]
    with roles.serving("sequencer", "sequencer-0") as sequencer, roles.serving("sink", "sink-0") as sink:
        sequencer.wait_ready()
        sink.wait_ready()
        recorded(roles, runs, range(EVENTS))
        sequencer.kill()
        sink.kill()
    with roles.serving("sequencer", "sequencer-0") as sequencer, roles.serving("sink", "sink-0") as sink:
        recorded(roles, runs, range(EVENTS, 2 * EVENTS))
        sequencer.wait_ready()
        sink.wait_ready()
        eventually(lambda: in_the_table(roles, before + 2 * RUNS * EVENTS))
        proof = roles.run("verify", "--all", "--json")
        assert proof.returncode == 0, proof.stdout + proof.stderr
    per_run = "SELECT count(), uniqExact(event_id), max(sequence_no) FROM ledger FINAL"
    counted = roles.sql(f"{per_run} WHERE correlation_id LIKE 'killed %' GROUP BY correlation_id")
    assert counted == [[2 * EVENTS] * 3] * RUNS


def test_a_second_migrate_has_nothing_to_do(roles: RunningRoles) -> None:
    assert roles.json("migrate")["steps"] == []


def test_the_logs_hold_no_traceback(roles: RunningRoles) -> None:
    for log in Path(roles.folder).glob("*.log"):
        assert "Traceback" not in log.read_text(), log
