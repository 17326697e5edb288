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


@pytest.fixture
def name() -> str:
    return f"t{uuid4().hex[:12]}"


@pytest.fixture
def client(clickhouse_url: str, name: str) -> Iterator[Any]:
    client = connect(ClickHouseConnection(url=clickhouse_url, database=name))
    yield client
    client.command(f"DROP DATABASE IF EXISTS `{name}` SYNC", use_database=False)
    client.close()


def _tables(client: Any, name: str) -> dict[str, str]:
    rows = client.query("SELECT name, engine FROM system.tables WHERE database = {d:String}", {"d": name}).result_rows
    return dict(rows)


def test_a_dry_run_says_all_and_does_nothing(client: Any, name: str) -> None:
    client.database = None
    planned = migrate(client, name, dry_run=True)
    assert client.command(f"EXISTS DATABASE `{name}`") == 0
    done = migrate(client, name)
    assert [str(step) for step in planned] == [str(step) for step in done]
    assert [step.statements for step in planned] == [step.statements for step in done]
    assert str(planned[1]) == "migration 1: first tables"


def test_the_second_time_nothing_is_left_to_do(client: Any, name: str) -> None:
    migrate(client, name)
    tables = _tables(client, name)
    assert migrate(client, name, dry_run=True) == []
    assert migrate(client, name) == []
    assert _tables(client, name) == tables
    assert tables["ledger"] == "ReplacingMergeTree"
    assert tables["transcript"] == "View"
    assert tables["run_items_live"] == "MaterializedView"


def test_every_stored_table_remembers_tokens_and_syncs(client: Any, name: str) -> None:
    migrate(client, name)
    rows = client.query(
        "SELECT name, create_table_query FROM system.tables WHERE database = {d:String} AND engine LIKE '%MergeTree'",
        {"d": name},
    ).result_rows
    assert len(rows) == 9
    for table, made in rows:
        assert "non_replicated_deduplication_window = 10000" in made, table
        assert "fsync_after_insert = 1" in made, table


def test_a_newer_database_is_refused(client: Any, name: str) -> None:
    migrate(client, name)
    client.command(f"INSERT INTO `{name}`.schema_migrations VALUES (99, 'from the future', '', now64(6))")
    with pytest.raises(FatalError, match=r"version 99, this program knows 1"):
        migrate(client, name)


def test_what_broke_off_goes_on(client: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = definitions(name)
    broken = Migration(0, "view broken", (f"CREATE OR REPLACE VIEW `{name}`.broken AS SELECT * FROM no_such_table",))
    monkeypatch.setattr(migrating, "definitions", lambda database: (*whole[:3], broken, *whole[3:]))
    with pytest.raises(QueryFailed, match="view broken"):
        migrate(client, name)
    monkeypatch.setattr(migrating, "definitions", lambda database: whole)
    steps = [str(step) for step in migrate(client, name)]
    assert steps[1:] == [
        "migration 1: first tables",
        *(step.name for step in whole),
        f"{len(shipped_prices())} model prices",
    ]
    assert migrate(client, name) == []


def test_a_definition_that_changed_is_applied_again(client: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(client, name)
    *others, last = definitions(name)
    changed = Migration(0, last.name, (f"CREATE OR REPLACE VIEW `{name}`.gaps AS SELECT 'changed' AS word",))
    monkeypatch.setattr(migrating, "definitions", lambda database: (*others, changed))
    assert [step.name for step in migrate(client, name)] == [last.name]
    assert client.command("SELECT word FROM gaps") == "changed"


def test_the_price_list_is_loaded_once_and_leaves_what_a_person_set(client: Any, name: str) -> None:
    migrate(client, name)
    assert client.command("SELECT count() FROM model_prices") == len(shipped_prices())
    client.command(
        "INSERT INTO model_prices_versions SELECT * REPLACE (42 AS price_per_million, 'me' AS source, 1763640000000 AS version) "
        "FROM model_prices WHERE price_id LIKE 'demo/demo-model/output_text%'"
    )
    client.command("ALTER TABLE model_prices_versions DELETE WHERE provider = 'google' SETTINGS mutations_sync = 2")
    (step,) = migrate(client, name)
    assert str(step) == f"{sum(price.provider == 'google' for price in shipped_prices())} model prices"
    assert client.command("SELECT count() FROM model_prices") == len(shipped_prices())
    assert client.command("SELECT price_per_million FROM model_prices WHERE source = 'me'") == 42


def test_sql_and_python_agree_on_every_type(clickhouse_url: str) -> None:
    database = LedgerDatabase(clickhouse_url)
    listed = list(event_types())
    unlisted = ["execution.new", "system.new.thing", "ui.x", "integration.y", *(f"{name}.sub" for name in PRIMITIVES)]
    database.record("types", *((kind, {}) for kind in listed + unlisted))
    rows = database.rows(
        "SELECT event_type, primitive, declared_entity, declared_phase FROM ledger ORDER BY sequence_no"
    )
    for kind, primitive, entity, phase in rows:
        assert primitive == primitive_of(kind), kind
        named = event_types().get(kind)
        assert (entity, phase) == ((named.entity, named.phase) if named else ("", "")), kind
    assert database.one("SELECT count() FROM event_types") == len(listed)
    database.drop()
