"""Generated documents are what would be generated now."""

from docs.tools.generate import DOCS, documents, stale
from docs.tools.metric_rows import unlisted
from docs.tools.tables_in_engine import tables_at


def test_generated_documents_are_fresh(clickhouse_url: str) -> None:
    assert stale(documents(tables_at(clickhouse_url))) == [], "run `make docs`"


def test_staleness_is_noticed() -> None:
    kept = (DOCS / "reference.md").read_text("utf-8")
    assert stale({"reference.md": kept}) == []
    assert stale({"reference.md": kept + "more\n", "no-such-file.md": ""}) == ["reference.md"]
    assert stale({"no-such-file.md": "text\n"}) == ["no-such-file.md"]


def test_every_table_and_column_has_a_meaning(clickhouse_url: str) -> None:
    tables = tables_at(clickhouse_url)
    assert len(tables) >= 20
    assert [table.name for table in tables if not table.comment] == []
    assert [f"{table.name}.{column.name}" for table in tables for column in table.columns if not column.comment] == []


def test_every_metric_belongs_to_a_process() -> None:
    assert unlisted() == set()
