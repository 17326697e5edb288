"""Tables are made and migrated: once, in order, never backwards."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from chatsnapshot_projections import migrate as migrating
from chatsnapshot_projections.clickhouse_client import connect
from chatsnapshot_projections.migrate import migrate
from chatsnapshot_projections.migrations import Migration, definitions
from chatsnapshot_projections.prices import shipped_prices
from chatsnapshot_schemas.connections import ClickHouseConnection
from chatsnapshot_schemas.errors import FatalError, QueryFailed
from chatsnapshot_schemas.event_types import PRIMITIVES, event_types, primitive_of
from tests.fixtures.ledger_blocks import LedgerDatabase


@pytest.fixture(scope="module")
def made(clickhouse_url: str) -> Iterator[LedgerDatabase]:
    """A migrated database that every test leaves as it was."""
    database = LedgerDatabase(clickhouse_url, fsync=True)
    yield database
    database.drop()


@pytest.fixture
def name() -> str:
    return f"t{uuid4().hex[:12]}"


@pytest.fixture
def client(clickhouse_url: str, name: str) -> Iterator[Any]:
    """Of a database that does not exist yet."""
    client = connect(ClickHouseConnection(url=clickhouse_url, database=name))
    yield client
    client.command(f"DROP DATABASE IF EXISTS `{name}` SYNC", use_database=False)
    client.close()


def test_a_dry_run_says_all_and_does_nothing(client: Any, name: str) -> None:
    planned = migrate(client, name, dry_run=True)
    assert client.command(f"EXISTS DATABASE `{name}`", use_database=False) == 0
    done = migrate(client, name)
    assert [str(step) for step in planned] == [str(step) for step in done]
    assert [step.statements for step in planned] == [step.statements for step in done]
    assert str(planned[1]) == "migration 1: first tables"


def test_what_broke_off_goes_on(client: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = definitions(name)
    broken = Migration(0, "view broken", (f"CREATE OR REPLACE VIEW `{name}`.broken AS SELECT * FROM no_such_table",))
    monkeypatch.setattr(migrating, "definitions", lambda database: (*whole[:3], broken, *whole[3:]))
    with pytest.raises(QueryFailed, match="view broken"):
        migrate(client, name)
    monkeypatch.setattr(migrating, "definitions", lambda database: whole)
    steps = [str(step) for step in migrate(client, name)]
    prices = f"{len(shipped_prices())} model prices"
    numbered = [
        "migration 1: first tables",
        "migration 2: durations, approvals and changes of prices",
        "migration 3: solved quarantine records",
    ]
    assert steps[1:] == [*numbered, *(step.name for step in whole), prices]
    assert migrate(client, name) == []


def _tables(database: LedgerDatabase, column: str) -> dict[str, str]:
    rows = database.rows(f"SELECT name, {column} FROM system.tables WHERE database = '{database.name}'")
    return {str(table): str(value) for table, value in rows}


def test_the_second_time_nothing_is_left_to_do(made: LedgerDatabase) -> None:
    engines = _tables(made, "engine")
    assert migrate(made.client, made.name, dry_run=True) == []
    assert migrate(made.client, made.name) == []
    assert _tables(made, "engine") == engines
    assert engines["ledger"] == "ReplacingMergeTree"
    assert engines["transcript"] == "View"
    assert engines["run_items_live"] == "MaterializedView"


def test_every_stored_table_remembers_tokens_and_syncs(made: LedgerDatabase) -> None:
    engines, statements = _tables(made, "engine"), _tables(made, "create_table_query")
    stored = [table for table, engine in engines.items() if engine.endswith("MergeTree")]
    assert len(stored) == 10
    for table in stored:
        assert "non_replicated_deduplication_window = 10000" in statements[table], table
        assert "fsync_after_insert = 1" in statements[table], table


def test_a_newer_database_is_refused(made: LedgerDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    older = Migration(0, "before the first", ())
    monkeypatch.setattr(migrating, "migrations", lambda database, settings: (older,))
    with pytest.raises(FatalError, match=r"is at version 3, this program knows 0"):
        migrate(made.client, made.name)


def test_a_definition_that_changed_is_applied_again(made: LedgerDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = definitions(made.name)
    live = next(step for step in whole if step.name == "projection usage_lines")
    text = live.statements[-1].replace("'unknown'", "'not known'")
    changed = Migration(
        0, live.name, (*live.statements[:-1], text), (live.change[0].replace("'unknown'", "'not known'"),)
    )
    monkeypatch.setattr(
        migrating, "definitions", lambda database: [changed if step is live else step for step in whole]
    )
    (step,) = migrate(made.client, made.name)
    assert step.statements[0].startswith("ALTER TABLE"), "replaced instead of changed in place: rows would be missed"
    made.record("changed", ("execution.usage", {"usage": {"reported": {"total": 3}}}))
    assert made.one("SELECT bucket FROM usage_lines WHERE correlation_id = 'changed'") == "not known"
    monkeypatch.undo()
    assert [step.name for step in migrate(made.client, made.name)] == [live.name]


def test_the_price_list_is_loaded_once_and_leaves_what_a_person_set(made: LedgerDatabase) -> None:
    count = "SELECT count() FROM model_prices"
    assert made.one(count) == len(shipped_prices())
    made.client.command(
        "INSERT INTO model_prices_versions SELECT * EXCEPT is_own REPLACE (42 AS price_per_million, 'me' AS source, "
        "1763640000000 AS version) FROM model_prices WHERE price_id LIKE 'demo/demo-model/output_text%'"
    )
    made.client.command(
        "ALTER TABLE model_prices_versions DELETE WHERE provider = 'google' SETTINGS mutations_sync = 2"
    )
    (step,) = migrate(made.client, made.name)
    assert str(step) == f"{sum(price.provider == 'google' for price in shipped_prices())} model prices"
    assert made.one(count) == len(shipped_prices())
    assert made.one("SELECT price_per_million FROM model_prices WHERE source = 'me'") == 42


def test_sql_and_python_agree_on_every_type(made: LedgerDatabase) -> None:
    listed = list(event_types())
    unlisted = ["execution.new", "system.new.thing", "ui.x", "integration.y", *(f"{name}.sub" for name in PRIMITIVES)]
    made.record("types", *((kind, {}) for kind in listed + unlisted))
    columns = "event_type, primitive, declared_entity, declared_phase"
    rows = made.rows(f"SELECT {columns} FROM ledger WHERE correlation_id = 'types'")
    assert len(rows) == len(listed + unlisted)
    for kind, primitive, entity, phase in rows:
        assert primitive == primitive_of(kind), kind
        named = event_types().get(kind)
        assert (entity, phase) == ((named.entity, named.phase) if named else ("", "")), kind
    assert made.one("SELECT count() FROM event_types") == len(listed)
