from datetime import UTC, datetime

import pytest

from chatsnapshot.exporting.file_format import FileFormat, format_of
from chatsnapshot.exporting.table_query import Column, Selection, select_of
from chatsnapshot_schemas.errors import ConfigurationError

LEDGER = [
    Column("hash", "FixedString(32)"),
    Column("sequence_no", "Int64"),
    Column("recorded_at", "DateTime64(6, 'UTC')"),
    Column("causation_id", "Nullable(UUID)"),
    Column("tenant_id", "LowCardinality(String)"),
    Column("correlation_id", "String"),
    Column("payload", "String"),
]
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_rows_are_selected_by_parameters_and_lie_in_key_order() -> None:
    text, parameters = select_of(
        Selection("ledger", tenant="a'b", run="r", since=NOON), LEDGER, "db", FileFormat.PARQUET
    )
    assert "FROM `db`.`ledger`" in text
    assert "`tenant_id` = {tenant:String} AND `correlation_id` = {run:String}" in text
    assert text.endswith("ORDER BY tenant_id, correlation_id, sequence_no")
    assert parameters == {"tenant": "a'b", "run": "r", "since": "2026-01-31 12:00:00.000000"}


def test_payloads_are_never_touched_and_bytes_become_text_in_json_only() -> None:
    json_text, _ = select_of(Selection("ledger"), LEDGER, "db", FileFormat.JSONL)
    parquet_text, _ = select_of(Selection("ledger"), LEDGER, "db", FileFormat.PARQUET)
    assert "lower(hex(`hash`)) AS `hash`" in json_text
    assert "`causation_id`," in json_text
    assert "SELECT `hash`," in parquet_text
    assert "CAST(`causation_id` AS Nullable(String)) AS `causation_id`" in parquet_text
    assert json_text.count("`payload`") == parquet_text.count("`payload`") == 1


def test_a_table_without_a_tenant_is_nobodys_but_one_without_runs_has_no_run() -> None:
    prices = [Column("model", "String")]
    assert select_of(Selection("model_prices", tenant="a"), prices, "db", FileFormat.JSONL)[1] == {}
    with pytest.raises(ConfigurationError, match="correlation_id"):
        select_of(Selection("model_prices", run="r"), prices, "db", FileFormat.JSONL)
    with pytest.raises(ConfigurationError, match="recorded_at"):
        select_of(Selection("model_prices", until=NOON), prices, "db", FileFormat.JSONL)


def test_the_format_follows_the_name_unless_it_is_said() -> None:
    assert format_of("x.parquet", None) is FileFormat.PARQUET
    assert format_of("x.NDJSON", None) is FileFormat.JSONL
    assert format_of("x.parquet", FileFormat.JSONL) is FileFormat.JSONL
    with pytest.raises(ConfigurationError, match="parquet or jsonl"):
        format_of("x.txt", None)
