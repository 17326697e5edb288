import re
from importlib.resources import files

import pytest

from chatsnapshot_projections.migrations import PROJECTIONS, VIEWS
from chatsnapshot_projections.sql_files import projection, statements, table_settings
from chatsnapshot_schemas.errors import ConfigurationError

SQL = files("chatsnapshot_projections").joinpath("sql")
FILES = sorted(f"{folder.name}/{file.name}" for folder in SQL.iterdir() if folder.is_dir() for file in folder.iterdir())


@pytest.mark.parametrize("path", FILES)
def test_every_file_says_first_what_it_is(path: str) -> None:
    folder, name = path.split("/")
    first = SQL.joinpath(folder, name).read_text("utf-8").splitlines()[0]
    assert first.startswith("-- ")


def test_every_view_and_projection_is_applied() -> None:
    assert {name.removesuffix(".sql") for name in _names("views")} == set(VIEWS)
    assert {name.removesuffix(".sql") for name in _names("projections")} == set(PROJECTIONS)


def _names(folder: str) -> list[str]:
    return [path.split("/")[1] for path in FILES if path.startswith(f"{folder}/")]


@pytest.mark.parametrize("name", PROJECTIONS)
def test_a_projection_can_fill_a_shadow_table(name: str) -> None:
    shadow = projection(name, "db", table=f"{name}_shadow", settings=table_settings(fsync=True))
    assert f"`db`.{name}_shadow" in shadow.create_table
    assert "fsync_after_insert = 1" in shadow.create_table
    assert "non_replicated_deduplication_window = 10000" in shadow.create_table
    assert shadow.select.startswith("SELECT")
    assert "`db`.ledger" in shadow.select
    assert "{{" not in shadow.create_table + shadow.select


@pytest.mark.parametrize("name", [name for name in PROJECTIONS if name != "runs_versions"])
def test_rows_of_facts_have_the_full_key_and_the_ledgers_partitions(name: str) -> None:
    ddl = projection(name, "db").create_table
    assert "ENGINE = ReplacingMergeTree\nPARTITION BY toYYYYMM(recorded_at)" in ddl
    assert "ORDER BY (tenant_id, correlation_id, sequence_no, ordinal)" in ddl


def test_statements_are_cut_at_lines_with_a_semicolon() -> None:
    first, second = statements("derived/ledger_columns.sql", "db", table="ledger")
    assert first.startswith("ALTER TABLE `db`.ledger")
    assert re.search(r"MODIFY COLUMN document String ALIAS multiIf", second)


@pytest.mark.parametrize("name", ["", "a`b", "1st", "x.y", "drop table"])
def test_a_database_that_would_need_quoting_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="clickhouse_database"):
        statements("views/held.sql", name)
