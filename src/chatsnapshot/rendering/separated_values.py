"""Rows as CSV or TSV, one line a row, a heading first."""

import csv
import json
from collections.abc import Iterable
from typing import Any, TextIO

from chatsnapshot.rendering.json_values import json_value


def write_separated(out: TextIO, columns: list[str], rows: Iterable[tuple[Any, ...]], delimiter: str) -> None:
    """Absent values are empty; arrays, maps and tuples are JSON; times, decimals and ids as everywhere."""
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=json_value)
    return json_value(value)
