"""The SELECT behind an export of a table or view. Pure: columns and wishes in, text and parameters out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chatsnapshot.exporting.file_format import FileFormat
from chatsnapshot_schemas.errors import ConfigurationError
from chatsnapshot_schemas.json_form import time_text

_ORDER = ("tenant_id", "correlation_id", "sequence_no", "ordinal")
"""The keys of every table of rows, in the order in which they lie on disk: sorting by them needs no memory."""
_BYTES = frozenset({"hash", "prev_hash", "message_key", "original"})
"""Columns that hold bytes, which JSON has no form for: hexadecimal text there."""
_TIME = "recorded_at"


@dataclass(frozen=True, slots=True)
class Column:
    """A column as ClickHouse describes it."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows of which table; None: no limit."""

    table: str
    tenant: str | None = None
    run: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def select_of(
    selection: Selection, columns: list[Column], database: str, form: FileFormat
) -> tuple[str, dict[str, Any]]:
    """(statement without FORMAT, parameters). Raises ConfigurationError where the table lacks a column to select by."""
    names = [column.name for column in columns]
    conditions, parameters = _conditions(selection, names)
    shown = ", ".join(_shown(column, form) for column in columns)
    lines = [f"SELECT {shown}", f"FROM `{database}`.`{selection.table}`"]
    if conditions:
        lines.append(f"WHERE {' AND '.join(conditions)}")
    if order := [name for name in _ORDER if name in names]:
        lines.append(f"ORDER BY {', '.join(order)}")
    return "\n".join(lines), parameters


def _conditions(selection: Selection, names: list[str]) -> tuple[list[str], dict[str, Any]]:
    wishes = {
        "tenant": ("tenant_id", "=", "String", selection.tenant),
        "run": ("correlation_id", "=", "String", selection.run),
        "since": (_TIME, ">=", "DateTime64(6, 'UTC')", _instant(selection.since)),
        "until": (_TIME, "<", "DateTime64(6, 'UTC')", _instant(selection.until)),
    }
    conditions, parameters = [], {}
    for wish, (column, relation, kind, value) in wishes.items():
        if value is None:
            continue
        if column in names:
            conditions.append(f"`{column}` {relation} {{{wish}:{kind}}}")
            parameters[wish] = value
        elif wish != "tenant":  # tables of the whole installation, such as prices, have no tenant
            raise ConfigurationError(
                f"{selection.table} has no column {column} to select by; leave that out, or use --query"
            )
    return conditions, parameters


def _instant(time: datetime | None) -> str | None:
    return None if time is None else time_text(time).replace("T", " ").removesuffix("Z")


def _shown(column: Column, form: FileFormat) -> str:
    name = f"`{column.name}`"
    if form is FileFormat.JSONL and column.name in _BYTES:
        return f"lower(hex({name})) AS {name}"
    if form is FileFormat.PARQUET and "UUID" in column.type:
        # Parquet would get 16 raw bytes, which no reader shows as an id
        return f"CAST({name} AS {column.type.replace('UUID', 'String')}) AS {name}"
    return name
