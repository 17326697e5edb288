"""A few rows into a table, as lines of JSON: the client's own `insert` loads pandas first, a second of every start."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatsnapshot_projections.settings_pinned import INSERT_SETTINGS

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


def insert_rows(
    client: "Client", database: str, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert rows of values in the order of `columns`; times are aware. Raises what the client raises."""
    lines = (json.dumps(dict(zip(columns, row, strict=True)), default=_text) for row in rows)
    client.raw_insert(
        f"`{database}`.{table}",
        column_names=columns,
        insert_block="\n".join(lines).encode(),
        fmt="JSONEachRow",
        settings=dict(INSERT_SETTINGS),
    )


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(f"no column takes {type(value).__name__}")
