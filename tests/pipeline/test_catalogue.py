"""Every table and view of the design is there, and every column says what it is."""

from collections.abc import Iterator

import pytest

from chatsnapshot_projections.catalogue import DocumentedTable, documented_columns
from tests.fixtures.ledger_blocks import LedgerDatabase

OF_THE_DESIGN = """
ledger run_items transcript workflow_facts workflow_nodes workflow_edges timeline usage_lines model_prices charges
billing_by_run billing_by_day runs agent_run_events audit_trail compliance_log gaps unresolved_causes quarantine held
"""


@pytest.fixture(scope="module")
def catalogue(clickhouse_url: str) -> Iterator[dict[str, DocumentedTable]]:
    database = LedgerDatabase(clickhouse_url)
    yield {table.name: table for table in documented_columns(database.client, database.name)}
    database.drop()


def test_every_name_of_the_design_is_there(catalogue: dict[str, DocumentedTable]) -> None:
    assert set(OF_THE_DESIGN.split()) <= set(catalogue)


def test_every_table_and_column_says_what_it_is(catalogue: dict[str, DocumentedTable]) -> None:
    silent = [table.name for table in catalogue.values() if not table.comment]
    silent += [
        f"{table.name}.{column.name}" for table in catalogue.values() for column in table.columns if not column.comment
    ]
    assert not silent
    assert all(len(table.columns) > 3 for table in catalogue.values())


def test_types_keys_and_indexes_are_the_engines_own(catalogue: dict[str, DocumentedTable]) -> None:
    ledger, charges = catalogue["ledger"], catalogue["charges"]
    assert (ledger.kind, ledger.sorting_key) == ("table", "tenant_id, correlation_id, sequence_no")
    assert "event_id: bloom_filter(0.01)" in ledger.indexes
    assert {column.name: column.type for column in ledger.columns}["event_id"] == "UUID"
    assert (charges.kind, charges.sorting_key) == ("view", "")
    types = {column.name: column.type for column in charges.columns}
    assert types["price_per_million"] == "Nullable(Decimal(38, 12))"
    assert catalogue["run_items"].kind == "projection"
