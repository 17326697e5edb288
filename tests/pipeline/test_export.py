"""Tables and queries as files."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from chatsnapshot import Recorder
from chatsnapshot.connecting import kafka_connection
from tests.fixtures.whole_stack import WholeStack
from tests.pipeline.test_record_to_sql import count, wait_until

arrow = pytest.importorskip("pyarrow.parquet")

EVENTS = 6
PAYLOAD = (
    '{"role" : "user","content":"gr\\u00fc\\u00dfe – ünïcode\\n/\\"quoted\\"", '
    '"big":123456789012345678901234567890, "n":1.0}'
)


@pytest.fixture(scope="module")
def run_id(whole_stack: WholeStack) -> str:
    name = f"export-{uuid.uuid4().hex[:6]}"
    broker = kafka_connection(whole_stack.settings).bootstrap_servers
    with Recorder.connect(f"kafka://{broker}", service="export") as recorder:
        last = None
        for _ in range(EVENTS):
            last = recorder.run(name).record("execution.message", PAYLOAD, cause=last)
        recorder.run(f"{name}-other").record("execution.message", PAYLOAD)
        recorder.flush(timeout=30)
    wait_until(lambda: count(whole_stack, name) == EVENTS and count(whole_stack, f"{name}-other") == 1)
    return name


def exported(stack: WholeStack, file: Path, *arguments: str) -> dict[str, Any]:
    done = stack.run("export", *arguments, "-o", str(file), "--json")
    assert done.returncode == 0, done.stderr
    summary: dict[str, Any] = json.loads(done.stdout)
    assert summary["bytes"] == file.stat().st_size
    return summary


def test_the_ledger_as_json_lines_keeps_payload_text_byte_for_byte(
    whole_stack: WholeStack, run_id: str, tmp_path: Path
) -> None:
    file = tmp_path / "run.jsonl"
    assert exported(whole_stack, file, run_id)["rows"] == EVENTS
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row["payload"] for row in rows] == [PAYLOAD] * EVENTS
    assert [row["sequence_no"] for row in rows] == list(range(1, EVENTS + 1))
    replayed = [json.loads(line) for line in whole_stack.run("replay", run_id).stdout.splitlines()]
    for name in ("hash", "prev_hash", "recorded_at", "input_offset", "cause"):
        assert [row[name] for row in rows] == [record[name] for record in replayed], name


def test_the_ledger_as_parquet_has_the_same_rows(whole_stack: WholeStack, run_id: str, tmp_path: Path) -> None:
    file, lines = tmp_path / "run.parquet", tmp_path / "run.jsonl"
    assert exported(whole_stack, file, run_id)["rows"] == EVENTS
    exported(whole_stack, lines, run_id)
    table = arrow.read_table(file).to_pylist()
    rows = [json.loads(line) for line in lines.read_text().splitlines()]
    for name in ("event_id", "causation_id", "payload", "sequence_no", "event_type", "late", "headers"):
        wanted = [[] if name == "headers" else row[name] for row in rows]
        assert [row[name] for row in table] == wanted, name
    assert [row["hash"].hex() for row in table] == [row["hash"] for row in rows]


def test_tables_and_views_have_the_rows_that_sql_counts(whole_stack: WholeStack, run_id: str, tmp_path: Path) -> None:
    tables = ("run_items", "runs", "charges", "model_prices")
    counts = ", ".join(f"(SELECT count() FROM {table}) AS {table}" for table in tables)
    wanted = json.loads(whole_stack.run("sql", f"SELECT {counts}", "--json").stdout)
    for table in tables:
        summary = exported(whole_stack, tmp_path / f"{table}.parquet", "--table", table, "--all-tenants")
        assert summary["rows"] == wanted[table] == arrow.read_table(summary["file"]).num_rows, table


def test_rows_are_selected_by_run_tenant_and_time(whole_stack: WholeStack, run_id: str, tmp_path: Path) -> None:
    def rows(*arguments: str) -> int:
        return int(exported(whole_stack, tmp_path / "x.jsonl", *arguments, "--force")["rows"])

    assert rows("--table", "run_items", run_id) == EVENTS
    assert rows(run_id, "--tenant", "somebody-else") == 0
    assert rows(run_id, "--from", "1d") == EVENTS
    assert rows(run_id, "--to", "1d") == 0
    assert rows() > EVENTS


def test_a_query_of_ones_own_is_read_only(whole_stack: WholeStack, run_id: str, tmp_path: Path) -> None:
    query = f"SELECT sequence_no FROM ledger WHERE correlation_id = '{run_id}' ORDER BY 1"
    exported(whole_stack, tmp_path / "q.parquet", "--query", query)
    assert arrow.read_table(tmp_path / "q.parquet").column("sequence_no").to_pylist() == list(range(1, EVENTS + 1))
    done = whole_stack.run("export", "--query", "DROP TABLE ledger", "-o", str(tmp_path / "no.jsonl"))
    assert done.returncode == 1
    assert not (tmp_path / "no.jsonl").exists()


def test_a_query_that_fails_half_way_leaves_no_file(whole_stack: WholeStack, tmp_path: Path) -> None:
    late = "SELECT throwIf(number = 4000000) AS x, toString(number) AS y FROM numbers(5000000)"
    for name in ("half.jsonl", "half.parquet"):
        done = whole_stack.run("export", "--query", late, "-o", str(tmp_path / name))
        assert done.returncode == 1
        assert "throwIf" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_kept_unless_forced(whole_stack: WholeStack, run_id: str, tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text("mine")
    done = whole_stack.run("export", run_id, "-o", str(file))
    assert (done.returncode, file.read_text()) == (1, "mine")
    assert "--force" in done.stderr
    exported(whole_stack, file, run_id, "--force")
    assert file.read_text() != "mine"


def test_a_table_that_is_not_there_names_those_that_are(whole_stack: WholeStack, tmp_path: Path) -> None:
    done = whole_stack.run("export", "--table", "nothing", "-o", str(tmp_path / "x.jsonl"))
    assert done.returncode == 1
    assert "run_items" in done.stderr


def test_json_lines_stream_to_standard_output(whole_stack: WholeStack, run_id: str) -> None:
    done = whole_stack.run("export", run_id, "-o", "-")
    assert [json.loads(line)["payload"] for line in done.stdout.splitlines()] == [PAYLOAD] * EVENTS
    assert f"{EVENTS} rows" in done.stderr
