"""A run of a big table reads its own granules only: tenant and run reach the primary key through every view."""

import re
from collections.abc import Iterator

import pytest

from chatsnapshot_projections import migrate as migrating
from chatsnapshot_projections.migrations import VIEWS
from chatsnapshot_projections.settings_pinned import READ_SETTINGS
from tests.fixtures.ledger_blocks import TENANT, LedgerDatabase, ledger_row

RUNS, EVENTS = 120, 50
GRANULE_ROWS = 64
OF_ONE_RUN_MAX = 4
"""Granules: 50 events of up to two rows each, in granules of 64, which need not begin with the run."""
NO_RUN = {"event_types", "model_prices", "billing_by_day"}
KEPT_BY_INPUT = {"held", "quarantine", "quarantine_solved"}
"""Ordered by their place in the events topic, and small: what waits."""
_READ = re.compile(r"ReadFromMergeTree \(\w+\.(\w+)\)(.*?)(?=ReadFrom|\Z)", re.DOTALL)
PAYLOADS = (
    ("system.workflow_started", '{"name":"w","user_id":"u"}'),
    ("execution.message", '{"role":"user","content":"hello NUMBER"}'),
    ("execution.tool_call", '{"tool_call_id":"c","name":"f"}'),
    ("execution.tool_result", '{"tool_call_id":"c","status":"ok"}'),
    ("execution.message", '{"provider":"demo","model":"demo-model","usage":{"input_uncached":5,"output_text":7}}'),
)


@pytest.fixture(scope="module")
def big(clickhouse_url: str) -> Iterator[LedgerDatabase]:
    with pytest.MonkeyPatch.context() as patch:
        settings = migrating.table_settings
        patch.setattr(
            migrating, "table_settings", lambda *, fsync: f"{settings(fsync=fsync)}, index_granularity = {GRANULE_ROWS}"
        )
        database = LedgerDatabase(clickhouse_url)
    database.insert(
        ledger_row(
            f"run-{run:04}",
            number,
            PAYLOADS[number % 5][0],
            PAYLOADS[number % 5][1].replace("NUMBER", f"{run}x{number}"),
            cause=number - 1 if number > 1 else None,
            source_instance="i",
            source_seq=number,
        )
        for run in range(RUNS)
        for number in range(1, EVENTS + 1)
    )
    yield database
    database.drop()


def _granules(big: LedgerDatabase, query: str) -> list[tuple[str, int, int]]:
    """Table, granules read and granules there, for each read of a query."""
    plan = big.client.query(f"EXPLAIN indexes = 1 {query}", settings=dict(READ_SETTINGS)).result_rows
    found = []
    for table, details in _READ.findall("\n".join(row[0] for row in plan)):
        kept = re.findall(r"Granules: (\d+)/(\d+)", details)
        found.append((table, int(kept[-1][0]), int(kept[0][1])))
    return found


@pytest.mark.parametrize(
    "view", ["ledger", "run_items", *(view for view in VIEWS if view not in NO_RUN | KEPT_BY_INPUT)]
)
def test_a_view_of_one_run_reads_its_granules(big: LedgerDatabase, view: str) -> None:
    run = "conversation_id" if view == "agent_run_events" else "correlation_id"
    reads = _granules(big, f"SELECT * FROM {view} WHERE tenant_id = '{TENANT}' AND {run} = 'run-0077'")
    of_runs = [
        (table, kept, there) for table, kept, there in reads if not table.startswith(("model_", "held", "quarant"))
    ]
    assert of_runs
    for table, kept, there in of_runs:
        assert kept <= OF_ONE_RUN_MAX, of_runs
        assert there > 5 * kept or table == "runs_versions", of_runs


def test_the_page_of_runs_reads_what_it_lists(big: LedgerDatabase) -> None:
    listed = "(SELECT correlation_id FROM runs WHERE tenant_id = 'acme' AND correlation_id = 'run-0077')"
    for view in ("transcript", "gaps", "billing_by_run"):
        reads = _granules(big, f"SELECT count() FROM {view} WHERE tenant_id = 'acme' AND correlation_id IN {listed}")
        own = [kept for table, kept, _ in reads if table in ("run_items", "ledger", "usage_lines")]
        assert own, view
        assert max(own) <= OF_ONE_RUN_MAX, (view, reads)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("SELECT * FROM ledger WHERE event_id = '00000000-0000-0000-0000-000000000001'", "event_id_bloom"),
        ("SELECT * FROM ledger WHERE causation_id = '00000000-0000-0000-0000-000000000001'", "causation_id_bloom"),
        ("SELECT * FROM run_items WHERE tool_call_id = 'no such call'", "tool_call_id_bloom"),
        ("SELECT * FROM run_items WHERE hasAllTokens(content_text, '77x11')", "content_words"),
        ("SELECT * FROM transcript WHERE hasAllTokens(content_text, '77x11')", "content_words"),
    ],
)
def test_an_index_skips_what_cannot_match(big: LedgerDatabase, query: str, index: str) -> None:
    plan = "\n".join(row[0] for row in big.client.query(f"EXPLAIN indexes = 1 {query}").result_rows)
    assert f"Name: {index}" in plan
    ((_, kept, there),) = _granules(big, query)
    assert kept < there / 4, (kept, there)


def test_words_are_found_whatever_their_case(big: LedgerDatabase) -> None:
    found = big.rows(
        "SELECT correlation_id, sequence_no FROM run_items WHERE hasAllTokens(content_text, 'HELLO 77x11')"
    )
    assert found == [("run-0077", 11)]
