"""What tables and columns are, as their files say it."""

import pytest

from chatsnapshot_projections import sql_comments
from chatsnapshot_projections.migrations import PROJECTIONS, TABLES, VIEWS, definitions
from chatsnapshot_projections.sql_comments import comment_statement, description, table_columns, view_columns
from chatsnapshot_schemas.errors import ConfigurationError

PATHS = [
    *(f"tables/{name}.sql" for name in TABLES),
    *(f"projections/{name}.sql" for name in PROJECTIONS),
    *(f"views/{name}.sql" for name in VIEWS),
]


@pytest.mark.parametrize("path", PATHS)
def test_every_file_describes_itself_in_one_line(path: str) -> None:
    said = description(path)
    assert said
    assert "\n" not in said
    assert not said.startswith("--")
    columns = view_columns(path) if path.startswith("views/") else table_columns(path)
    assert columns
    assert all(columns.values())


def test_columns_may_mean_what_they_mean_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "tables/t.sql": "-- t: a table.\nCREATE TABLE t\n(\n    a Int8 CODEC(ZSTD(1)) COMMENT 'the a',\n    b Int8\n)",
        "views/v.sql": "-- v: first sentence,\n-- cut here. Second.\n-- columns as t: a\n-- column c: own\nSELECT 1",
        "views/w.sql": "-- w: another.\n-- columns as t: nothing\nSELECT 1",
        "views/x.sql": "SELECT 1 -- says nothing",
    }
    monkeypatch.setattr(sql_comments, "sql_text", files.__getitem__)
    monkeypatch.setattr(sql_comments, "is_sql_file", files.__contains__)
    assert view_columns("views/v.sql") == {"a": "the a", "c": "own"}
    assert description("views/v.sql") == "first sentence, cut here"
    with pytest.raises(ConfigurationError, match="t has no column nothing"):
        view_columns("views/w.sql")
    with pytest.raises(ConfigurationError, match="first line"):
        description("views/x.sql")


def test_one_statement_touches_comments_only() -> None:
    text = comment_statement("db", "t", "it's", {"a": "x"})
    assert text == "ALTER TABLE `db`.t MODIFY COMMENT 'it\\'s', COMMENT COLUMN `a` 'x'"


def test_every_view_and_table_gets_its_comments() -> None:
    commented = [text for step in definitions("db") for text in step.statements if "MODIFY COMMENT" in text]
    assert len(commented) == len(PATHS)
