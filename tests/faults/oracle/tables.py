"""What the tables show, read once for checks (7) to (10)."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from clickhouse_connect.driver.client import Client

from tests.faults.lab import Lab
from tests.faults.oracle.facts import Place

Row = dict[str, Any]
RunNumber = tuple[str, str, int]
"""(tenant, correlation, sequence_no)."""
IMMUTABLE = ("ledger", "run_items", "workflow_facts", "usage_lines")
_ITEM_COLUMNS = (
    "event_id, primitive, item_type, role, content_text, tool_call_id, tool_name, call_arguments, call_output, model"
)
_USAGE_COLUMNS = (
    "provider, model, model_call_id, attempt, scope, counter, series, service_tier, batch, bucket, tokens, "
    "provider_cost_amount"
)


@dataclass
class Shown:
    """Rows of tables and views. Rows of a record are in order of their ordinal."""

    hashes: dict[RunNumber, bytes]
    items: dict[RunNumber, list[Row]]
    facts: Counter[RunNumber]
    usage: dict[RunNumber, list[Row]]
    charges: dict[tuple[str, str, int, int], Row]
    bills: dict[tuple[str, str, str], Row]
    """By (tenant, correlation, currency)."""
    edges: list[Row]
    runs: dict[tuple[str, str], int]
    """The number of events."""
    held: set[Place]
    quarantine: set[Place]
    said: int
    """Rows of view `transcript`."""
    copies: dict[str, int] = field(default_factory=dict)
    """Rows that a table has beyond those with FINAL."""


def shown_by(lab: Lab) -> Shown:
    """Ask the engine."""
    client, key = lab.client, "tenant_id, correlation_id, sequence_no"
    items = _rows(client, f"SELECT {key}, {_ITEM_COLUMNS} FROM run_items FINAL ORDER BY {key}, ordinal")
    usage = _rows(client, f"SELECT {key}, ordinal, {_USAGE_COLUMNS} FROM usage_lines FINAL ORDER BY {key}, ordinal")
    charged = _rows(client, f"SELECT {key}, ordinal, tokens, amount, currency, unpriced FROM charges")
    billed = _rows(client, "SELECT * FROM billing_by_run")
    edges = _rows(
        client,
        "SELECT tenant_id, correlation_id, kind, toString(from_event_id) AS cause, toString(to_event_id) AS effect, "
        "from_sequence_no, to_sequence_no, from_correlation_id, resolved FROM workflow_edges "
        "WHERE kind IN ('cause', 'caused_by') OR (kind = 'external' AND to_event_id IS NOT NULL)",
    )
    counts = client.query(f"SELECT {key}, count() FROM workflow_facts FINAL GROUP BY {key}").result_rows
    hashes = client.query(f"SELECT {key}, hash FROM ledger FINAL", query_formats={"FixedString": "bytes"}).result_rows
    runs = client.query("SELECT tenant_id, correlation_id, events FROM runs").result_rows
    return Shown(
        {(tenant, run, number): bytes(digest) for tenant, run, number, digest in hashes},
        _by_record(items),
        Counter({(tenant, run, number): count for tenant, run, number, count in counts}),
        _by_record(usage),
        {(*_record(row), row["ordinal"]): row for row in charged},
        {(row["tenant_id"], row["correlation_id"], row["currency"]): row for row in billed},
        edges,
        {(tenant, run): events for tenant, run, events in runs},
        _places(client, "held"),
        _places(client, "quarantine"),
        int(client.query("SELECT count() FROM transcript").result_rows[0][0]),
        {table: _copies(client, table) for table in IMMUTABLE},
    )


def _rows(client: Client, sql: str) -> list[Row]:
    return [dict(row) for row in client.query(sql).named_results()]


def _by_record(rows: list[Row]) -> dict[RunNumber, list[Row]]:
    found: dict[RunNumber, list[Row]] = {}
    for row in rows:
        found.setdefault(_record(row), []).append(row)
    return found


def _record(row: Row) -> RunNumber:
    return row["tenant_id"], row["correlation_id"], row["sequence_no"]


def _places(client: Client, view: str) -> set[Place]:
    rows = client.query(f"SELECT input_epoch, input_partition, input_offset FROM {view}").result_rows
    return {(epoch, partition, offset) for epoch, partition, offset in rows}


def _copies(client: Client, table: str) -> int:
    (row,) = client.query(f"SELECT (SELECT count() FROM {table}) - (SELECT count() FROM {table} FINAL)").result_rows
    return int(row[0])
