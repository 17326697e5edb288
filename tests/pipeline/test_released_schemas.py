"""A database of every released version comes to what this version needs, with all its rows, while rows come in."""

import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from chatsnapshot_projections import migrate as migrating
from chatsnapshot_projections.clickhouse_client import connect
from chatsnapshot_projections.migrate import migrate
from chatsnapshot_projections.migrations import PROJECTIONS, VIEWS, Migration, definitions, migrations
from chatsnapshot_projections.prices import shipped_prices
from chatsnapshot_projections.queries import LedgerQueries
from chatsnapshot_schemas.connections import ClickHouseConnection
from chatsnapshot_schemas.errors import FatalError
from tests.fixtures.ledger_blocks import TENANT, LedgerDatabase, numbered
from tests.fixtures.released_schemas import make_released_database, released_prices, released_steps, releases

EVENTS = (
    ("system.workflow_started", {"name": "refund"}),
    ("execution.tool_call", {"calls": [{"tool_call_id": "a"}, {"tool_call_id": "b"}]}),
    ("execution.tool_result", {"tool_call_id": "a", "status": "ok", "duration_ms": 40}),
    ("execution.message", {"content": "x", "provider": "openai", "model": "gpt-5", "usage": {"output_text": 100}}),
)
STRUCTURE = (
    "SELECT table, name, type, compression_codec, default_kind, comment FROM system.columns WHERE database = '{}'"
)


class ReleasedDatabase(LedgerDatabase):
    """A database as a release made it, with rows in it; not migrated yet."""

    def __init__(self, url: str, release: str) -> None:
        self.name = f"t{uuid4().hex[:12]}"
        self.client = connect(ClickHouseConnection(url=url, database=self.name))
        self.queries = LedgerQueries(self.client, self.name)
        make_released_database(self.client, release, self.name)
        for run in ("old-1", "old-2"):
            self.insert(numbered(run, EVENTS))


@pytest.fixture(params=releases())
def old(clickhouse_url: str, request: pytest.FixtureRequest) -> Iterator[ReleasedDatabase]:
    database = ReleasedDatabase(clickhouse_url, request.param)
    yield database
    database.drop()


@pytest.fixture(scope="module", params=releases())
def migrated(clickhouse_url: str, request: pytest.FixtureRequest) -> Iterator[ReleasedDatabase]:
    """Brought to what this version needs; every test leaves it so."""
    database = ReleasedDatabase(clickhouse_url, request.param)
    assert _rows_of(database, "old-1") == WHOLE
    migrate(database.client, database.name)
    yield database
    database.drop()


def _rows_of(database: LedgerDatabase, run: str) -> dict[str, int]:
    tables = ("ledger", "run_items", "workflow_facts", "usage_lines")
    found = {
        table: database.one(f"SELECT count() FROM {table} FINAL WHERE correlation_id = '{run}'") for table in tables
    }
    return found | {"runs": database.one(f"SELECT sum(events) FROM runs WHERE correlation_id = '{run}'")}


WHOLE = {"ledger": 4, "run_items": 5, "workflow_facts": 5, "usage_lines": 1, "runs": 4}


def test_all_rows_survive_and_every_projection_goes_on(migrated: ReleasedDatabase) -> None:
    old = migrated
    assert migrate(old.client, old.name) == []
    old.record("new", *EVENTS)
    for run in ("old-1", "old-2", "new"):
        assert _rows_of(old, run) == WHOLE, run
    for view in VIEWS:
        old.rows(f"SELECT count(), sum(cityHash64(*)) FROM {view}")
    durations = {span.node_id: span.duration_ms for span in old.queries.timeline(TENANT, "new")}
    assert durations["call:a"] == 40
    before = {span.node_id: span.duration_source for span in old.queries.timeline(TENANT, "old-1")}
    assert before["call:a"] == "timestamps"
    for run in ("old-1", "new"):
        (bill,) = old.queries.billing_by_run(TENANT, run)
        assert (bill.amount, bill.unpriced_tokens) == (Decimal("0.001"), 0)


def test_a_migrated_database_is_as_a_new_one(migrated: ReleasedDatabase, clickhouse_url: str) -> None:
    old = migrated
    new = LedgerDatabase(clickhouse_url)
    try:
        indexes = "SELECT table, name, expr, type_full FROM system.data_skipping_indices WHERE database = '{}'"
        tables = "SELECT name, engine, sorting_key, partition_key, comment FROM system.tables WHERE database = '{}'"
        for question in (STRUCTURE, indexes, tables):
            assert sorted(old.rows(question.format(old.name))) == sorted(new.rows(question.format(new.name)))
        prices = "SELECT * FROM model_prices ORDER BY ALL"
        assert old.rows(prices) == new.rows(prices)
    finally:
        new.drop()


def test_no_row_is_lost_that_comes_in_meanwhile(old: ReleasedDatabase) -> None:
    failures: list[Exception] = []
    written: list[str] = []
    ended = threading.Event()

    def sink() -> None:
        number = 0
        try:
            while not ended.is_set() or number < 20:
                run = f"during-{number}"
                sinking.insert(numbered(run, EVENTS))
                written.append(run)
                number += 1
        except Exception as error:
            failures.append(error)

    sinking = LedgerDatabase.__new__(LedgerDatabase)
    sinking.name, sinking.client = old.name, connect(ClickHouseConnection(url=_url(old.client), database=old.name))
    thread = threading.Thread(target=sink)
    thread.start()
    try:
        migrate(old.client, old.name)
    finally:
        ended.set()
        thread.join(120)
    assert not failures
    assert len(written) >= 20
    expected = {table: count * len(written) for table, count in WHOLE.items()}
    where = "correlation_id LIKE 'during-%'"
    found = {table: old.one(f"SELECT count() FROM {table} FINAL WHERE {where}") for table in list(WHOLE)[:-1]}
    assert found | {"runs": old.one(f"SELECT sum(events) FROM runs WHERE {where}")} == expected


def _url(client: Any) -> str:
    return str(client.url)


def test_an_older_program_is_refused_and_changes_nothing(
    migrated: ReleasedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = migrated
    newest = migrations(old.name, "")[-1].version
    # the release's own program knows its numbers and brings its own views
    before = tuple(Migration(step.version, step.name, step.statements) for step in released_steps("0.1.0", old.name))
    known = tuple(step for step in before if step.version)
    monkeypatch.setattr(migrating, "migrations", lambda database, settings: known)
    monkeypatch.setattr(
        migrating, "definitions", lambda database: tuple(step for step in before[1:] if not step.version)
    )
    for dry_run in (True, False):
        with pytest.raises(FatalError, match=rf"is at version {newest}, this program knows {known[-1].version}"):
            migrate(old.client, old.name, dry_run)
    assert old.one(f"SELECT count() FROM system.tables WHERE database = '{old.name}' AND name = 'timeline'") == 1


@pytest.mark.parametrize("release", releases())
def test_what_differs_from_a_release_has_a_number_of_its_own(release: str) -> None:
    """Else the release's program would take newer views for its own to change back."""
    database = "released"
    steps = list(released_steps(release, database))
    newest = max(step.version for step in steps)
    now = {step.name: step.digest for step in definitions(database)}
    then = {step.name: step.digest for step in steps[1:] if not step.version}
    assert now == then or migrations(database, "")[-1].version > newest


@pytest.mark.parametrize("release", releases())
def test_a_released_price_is_never_changed(release: str) -> None:
    now = {price.key: price.price_per_million for price in shipped_prices()}
    for *key, amount in released_prices(release):
        assert now[tuple(key)] == type(now[tuple(key)])(amount), key


def test_every_projection_was_there_from_the_first_release() -> None:
    """A projection that comes later needs its backfill in a numbered migration."""
    first = {step.name for step in released_steps("0.1.0", "x")}
    assert {f"projection {name}" for name in PROJECTIONS} <= first
