"""Verification notices a table that says something else than the topic: too little, too much, or otherwise."""

import json
import uuid

import pytest

from chatsnapshot import Recorder
from chatsnapshot.connecting import clickhouse_connection, kafka_connection
from chatsnapshot_projections.clickhouse_client import connect
from tests.fixtures.whole_stack import WholeStack
from tests.pipeline.test_record_to_sql import count, wait_until


@pytest.fixture
def run_id(whole_stack: WholeStack) -> str:
    broker = kafka_connection(whole_stack.settings).bootstrap_servers
    with Recorder.connect(f"kafka://{broker}", service="tables") as recorder:
        run = recorder.run(f"tables-{uuid.uuid4().hex[:6]}")
        for number in range(3):
            run.record("execution.message", {"role": "user", "content": f"{number}"})
        recorder.flush(timeout=30)
    wait_until(lambda: count(whole_stack, run.id) == 3)
    return run.id


def tamper(stack: WholeStack, statement: str, **parameters: str) -> None:
    client = connect(clickhouse_connection(stack.settings))
    client.command(statement, parameters=parameters, settings={"mutations_sync": 1})


def kinds(stack: WholeStack, run: str) -> dict[str, int]:
    found: dict[str, int] = stack.json("verify", run)["counts"]
    return found


COPY = """
INSERT INTO ledger SELECT * REPLACE ({change})
FROM (SELECT * FROM ledger WHERE correlation_id = {{run:String}} AND sequence_no = 3)
"""


def test_a_row_that_the_topic_does_not_have(whole_stack: WholeStack, run_id: str) -> None:
    tamper(whole_stack, COPY.format(change="4 AS sequence_no"), run=run_id)
    assert kinds(whole_stack, run_id) == {"table_surplus": 1}
    assert whole_stack.run("verify", run_id).returncode == 2


def test_a_run_that_the_topic_does_not_have(whole_stack: WholeStack, run_id: str) -> None:
    forged = f"forged-{uuid.uuid4().hex[:6]}"
    tamper(whole_stack, COPY.format(change=f"'{forged}' AS correlation_id"), run=run_id)
    assert kinds(whole_stack, forged) == {"table_surplus": 1}
    done = whole_stack.run("verify", "--all", "--json")
    named = [each["correlation_id"] for each in json.loads(done.stdout)["findings"] if each["kind"] == "table_surplus"]
    assert forged in named
    assert run_id not in named


def test_a_row_that_is_gone(whole_stack: WholeStack, run_id: str) -> None:
    tamper(whole_stack, "ALTER TABLE ledger DELETE WHERE correlation_id = {run:String} AND sequence_no = 2", run=run_id)
    assert kinds(whole_stack, run_id) == {"table_missing": 1}


def test_a_row_that_was_rewritten(whole_stack: WholeStack, run_id: str) -> None:
    change = "unhex(repeat('ab', 32)) AS hash"
    tamper(whole_stack, "ALTER TABLE ledger DELETE WHERE correlation_id = {run:String} AND sequence_no < 3", run=run_id)
    tamper(whole_stack, COPY.format(change=change), run=run_id)
    assert kinds(whole_stack, run_id) == {"table_missing": 2, "table_differs": 1}
