"""docs/limits.md is true: its bounds are in the code with those values, and its tests exist."""

import ast
import operator
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fixtures.documents import ROOT

PAGE = ROOT / "docs" / "limits.md"
PACKAGES = {
    "schemas": ROOT / "schemas" / "chatsnapshot_schemas",
    "producers": ROOT / "producers" / "chatsnapshot_producers",
    "processors": ROOT / "processors" / "chatsnapshot_processors",
    "projections": ROOT / "projections" / "chatsnapshot_projections",
}
ROW = re.compile(r"\| `(\w+)` \| (\S+\.py) \| ([^|]+) \| ([^|]+) \| [^|]+ \| `([^`:]+)::(\w+)` \|")
UNITS = {"KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "s": 1}
CODE = re.compile(r"_MAX$|^held_(events|bytes)_per_|failures_max$|in_?flight\w*_max$")
"""Names of bounds that this page must have, but those that it may leave out."""
SIZE = re.compile(r"(CHARS|DIGITS|LINES|SHOWN|(?<!BATCH_)BYTES)_MAX$")
"""Of one text, message, file or printed table."""
GREATEST_VALUES = {
    *("LONG_MAX", "TIMESTAMP_MICROS_MAX", "_NUMBER_MAX", "_MICROS_MAX", "_SHIFT_MAX", "_COUNTER_MAX"),
    *("ATTEMPT_MAX", "TOKENS_MAX", "PRICE_MAX", "CLOCK_SKEW_MAX", "UTF8_BYTES_PER_CHAR_MAX"),
}
OF_ONE_CALL = {"FETCH_RECORDS_MAX", "FETCH_MESSAGES_MAX", "READ_RECORDS_MAX", "_OPEN_FILES_MAX"}
"""What a library is told: it keeps them."""
PRINTED = {"NODES_MAX", "PRICES_MAX", "_ROWS_MAX", "HELD_MAX"}
"""Rows of one answer to a person."""
LEFT_OUT = GREATEST_VALUES | OF_ONE_CALL | PRINTED
MICROS = "hold_micros"
OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Pow: operator.pow,
}
Row = tuple[str, str, str, str, str, str]


def rows() -> list[Row]:
    return [found.groups() for found in map(ROW.fullmatch, PAGE.read_text("utf-8").splitlines()) if found]


def module(where: str) -> Path:
    first, _, rest = where.partition("/")
    return PACKAGES[first] / rest if first in PACKAGES else ROOT / "src" / "chatsnapshot" / where


def bounds(path: Path) -> dict[str, ast.expr]:
    """Names that are given a value in a module or in one of its classes."""
    found: dict[str, ast.expr] = {}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(target, ast.Name) and value is not None:
            found[target.id] = value
    return found


def number(value: ast.expr, path: Path) -> float:
    """Of an expression of numbers and other names of the module or of schemas/topics.py."""
    known = {**bounds(PACKAGES["schemas"] / "topics.py"), **bounds(path)}
    if isinstance(value, ast.Call):  # a pydantic Field
        value = next(each.value for each in value.keywords if each.arg == "default")
    if isinstance(value, ast.Name):
        return number(known[value.id], path)
    if isinstance(value, ast.BinOp):
        return float(OPERATORS[type(value.op)](number(value.left, path), number(value.right, path)))
    assert isinstance(value, ast.Constant)
    return float(value.value)


def said(value: str) -> float:
    figure, _, unit = value.strip().partition(" ")
    return float(figure.replace(",", "")) * UNITS.get(unit, 1)


def test_every_line_of_a_table_is_a_bound() -> None:
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert len(lines) == len(rows()) > 60


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row[1]}-{row[0]}")
def test_a_bound_is_in_the_code_with_its_value_and_reached_by_its_test(row: Row) -> None:
    name, where, value, setting, test_file, test = row
    path = module(where)
    micros = 1e6 if name == MICROS else 1
    assert number(bounds(path)[name], path) == said(value) * micros
    assert re.search(rf"^(async )?def {test}\(", (ROOT / test_file).read_text("utf-8"), re.MULTILINE), test
    if setting.strip() != "-":
        field = setting.strip(" `").removeprefix("CHATSNAPSHOT_").lower()
        assert field in bounds(ROOT / "src" / "chatsnapshot" / "settings.py")


def test_no_queue_cache_or_retry_is_left_out() -> None:
    listed = {(module(where), name) for name, where, *_ in rows()}
    missing = [(path.name, name) for path, name in all_bounds() if is_needed(name) and (path, name) not in listed]
    kept_elsewhere = {("settings.py", name) for name, where, *_ in rows() if name.startswith("held_")}
    limits_of_ingest = {("ingest.py", name) for _, name in all_bounds() if name.startswith("inflight")}
    assert set(missing) <= kept_elsewhere | limits_of_ingest


def is_needed(name: str) -> bool:
    return bool(CODE.search(name)) and not SIZE.search(name) and name not in LEFT_OUT


def all_bounds() -> Iterator[tuple[Path, str]]:
    for folder in (*PACKAGES.values(), ROOT / "src" / "chatsnapshot"):
        for path in folder.rglob("*.py"):
            yield from ((path, name) for name in bounds(path))
