"""How much of the tables is read at once: beyond it the answer says so, or the rest waits for the next question."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from chatsnapshot.cli import sql_query
from chatsnapshot.cli.sql_query import run_sql
from chatsnapshot.completeness import examination, tables
from chatsnapshot.completeness.examination import _places
from chatsnapshot.completeness.result import Completeness
from chatsnapshot.completeness.scope import Scope as CompletenessScope
from chatsnapshot.completeness.tables import NumberTables
from chatsnapshot.completeness.unprojected import StateNumbers
from chatsnapshot.reading import history, stored_records
from chatsnapshot.reading.history import RunHistory
from chatsnapshot.reading.stored_records import run_links
from chatsnapshot.redriving.selection import RECORDS_MAX, Scope, Selection
from chatsnapshot.verification import projection_check
from chatsnapshot.verification.findings import Kind
from chatsnapshot.verification.projection_check import ProjectionCheck
from chatsnapshot.verification.run_range import RunRange
from chatsnapshot.verification.table_queries import TableQueries
from chatsnapshot_schemas.connections import ClickHouseConnection
from chatsnapshot_schemas.errors import RunTooLarge
from tests.fixtures.ledger_blocks import TENANT, LedgerDatabase

BOUND, MANY = 3, 5
QUARANTINED = """
INSERT INTO quarantine_versions
    (input_epoch, input_partition, input_offset, tenant_id, correlation_id, source_instance, source_seq, reason,
    message_key, original, first_seen)
SELECT 1, {partition:Int32}, number, {tenant:String}, 'run', 'i', number, 'invalid_envelope',
    repeat('k', {size:UInt32}), repeat('o', {size:UInt32}), toDateTime64('2026-01-01 00:00:00', 6, 'UTC') + number
FROM numbers({count:UInt32})
"""


@pytest.fixture(scope="module")
def ledger(clickhouse_url: str) -> Iterator[LedgerDatabase]:
    database = LedgerDatabase(clickhouse_url)
    yield database
    database.drop()


def quarantine(ledger: LedgerDatabase, tenant: str, partition: int, count: int, size: int = 5) -> None:
    said = {"tenant": tenant, "partition": partition, "count": count, "size": size}
    ledger.client.command(QUARANTINED, parameters=said)


def test_a_list_of_quarantine_shows_the_beginning_and_one_record_the_whole(ledger: LedgerDatabase) -> None:
    quarantine(ledger, "listed", 0, 1, size=6_000)
    (listed,) = ledger.queries.quarantine("listed")
    assert (listed.message_key, listed.original) == (b"k" * 4_096, b"o" * 4_096)
    whole = ledger.queries.quarantined("listed", 1, 0, 0)
    assert whole is not None
    assert (whole.message_key, whole.original) == (b"k" * 6_000, b"o" * 6_000)


def test_records_that_one_command_solves(ledger: LedgerDatabase) -> None:
    quarantine(ledger, "solved", 1, RECORDS_MAX + 1)
    chosen = Selection(ledger.queries, Scope.of_tenant("solved")).waiting()
    assert (len(chosen), chosen[-1].place.offset) == (RECORDS_MAX, RECORDS_MAX - 1)


def test_numbers_in_quarantine_that_completeness_looks_at(
    ledger: LedgerDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (tables, examination):
        monkeypatch.setattr(module, "QUARANTINED_MAX", BOUND)
    quarantine(ledger, "examined", 2, MANY)
    found, numbers, scope = Completeness(), NumberTables(ledger.client, ledger.name), CompletenessScope("examined")
    no_sources: Any = None
    (latest,) = _places(no_sources, scope, numbers, StateNumbers(), None, found).quarantined.values()
    assert latest == ((2, 4),)
    assert found.notes == ["only the latest 3 numbers in quarantine were looked at: use --run"]


class Asking(TableQueries):
    """Notes how many runs one question named."""

    named_max = 0

    def ask_filled(self, name: str, values: dict[str, str], part: RunRange, **parameters: Any) -> list[tuple[Any, ...]]:
        self.named_max = max(self.named_max, len(part.some or ()))
        return super().ask_filled(name, values, part, **parameters)


def test_runs_that_a_projection_shows_otherwise(ledger: LedgerDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, bound in (("RUNS_MAX", 4), ("LOOKED_AT_MAX", 3), ("DETAILED_MAX", 2)):
        monkeypatch.setattr(projection_check, name, bound)
    for number in range(MANY):
        ledger.record(f"run-{number}", ("execution.message", {"role": "user", "content": "so"}))
    ledger.client.command("TRUNCATE TABLE run_items")
    tables = Asking(ledger.client, ledger.name)
    told = [finding.detail for finding in ProjectionCheck(tables).all() if finding.kind is Kind.ITEMS_DIFFER]
    assert (len(told), sum("1 row(s) missing" in detail for detail in told), tables.named_max) == (4, 2, 3)


@pytest.fixture(scope="module")
def long_run(ledger: LedgerDatabase) -> str:
    payload = {"role": "user", "content": "so"}
    ledger.record("long", ("execution.message", payload), *[("execution.message", payload, {"cause": 1})] * (MANY - 1))
    return "long"


def test_items_of_a_run_that_a_view_loads(
    ledger: LedgerDatabase, long_run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources: Any = SimpleNamespace(queries=ledger.queries, tenant=TENANT)
    run = RunHistory(sources, long_run)
    assert len(run.items()) == MANY
    monkeypatch.setattr(history, "ITEMS_MAX", BOUND)
    for load in (run.items, run.transcript, run.nodes, run.edges, run.timeline):
        with pytest.raises(RunTooLarge, match=f"more than {BOUND} rows"):
            load()


def test_events_of_a_run_whose_causes_are_walked(
    ledger: LedgerDatabase, long_run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_records, "LINKS_MAX", BOUND)
    with pytest.raises(RunTooLarge, match=f"more than {BOUND} events"):
        run_links(ledger.client, ledger.name, tenant=TENANT, correlation=long_run)


def test_rows_of_a_persons_query(ledger: LedgerDatabase, clickhouse_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_query, "ROWS_MAX", BOUND)
    clickhouse = ClickHouseConnection(url=clickhouse_url, database=ledger.name)
    rows = [(number,) for number in range(BOUND)]
    assert run_sql(clickhouse, f"SELECT number FROM numbers({BOUND})") == (["number"], rows, False)
    assert run_sql(clickhouse, f"SELECT number FROM numbers({BOUND + 1})") == (["number"], rows, True)
