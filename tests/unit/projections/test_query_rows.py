from dataclasses import fields, is_dataclass

from chatsnapshot_projections import query_rows, trail_rows
from chatsnapshot_projections.ledger_block_schema import LEDGER_BLOCK_FIELDS
from chatsnapshot_projections.query_rows import EventRow, RunItemRow
from chatsnapshot_projections.sql_files import projection


def test_rows_are_frozen() -> None:
    named = {**vars(query_rows), **vars(trail_rows)}
    kinds = [kind for kind in named.values() if isinstance(kind, type) and is_dataclass(kind)]
    assert len(kinds) == 14
    assert all(kind.__dataclass_params__.frozen for kind in kinds)  # type: ignore[attr-defined]


def test_an_event_has_every_field_of_the_record() -> None:
    names = [field.name for field in fields(EventRow)]
    assert names == [field["name"] for field in LEDGER_BLOCK_FIELDS] + ["primitive"]


def test_an_item_has_every_column_of_run_items() -> None:
    ddl = projection("run_items", "db").create_table
    columns = [line.split()[0] for line in ddl.splitlines() if line.startswith("    ") and "INDEX" not in line]
    assert [field.name for field in fields(RunItemRow)] == columns
