"""Fixtures of the fault laboratory: the seed, and an installation of its own for each fault."""

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.fault_table import fault_row, fault_table
from tests.faults.lab import Lab
from tests.faults.seeds import SEED_VARIABLE, random_of, session_seed


def pytest_configure(config: pytest.Config) -> None:
    """One seed for the whole session; workers of pytest-xdist inherit it."""
    os.environ.setdefault(SEED_VARIABLE, str(session_seed()))


def pytest_report_header() -> str:
    return f"fault seed: {os.environ[SEED_VARIABLE]} (again with {SEED_VARIABLE}={os.environ[SEED_VARIABLE]})"


@pytest.fixture
def fault_random(request: pytest.FixtureRequest) -> random.Random:
    """Random choices of this test."""
    return random_of(int(os.environ[SEED_VARIABLE]), request.node.name)


@pytest.fixture
def lab_options() -> dict[str, Any]:
    """Options of `Lab.created`; a module that wants others defines a fixture of this name."""
    return {}


@pytest.fixture
def lab(
    request: pytest.FixtureRequest,
    kafka_bootstrap: str,
    clickhouse_url: str,
    tmp_path: Path,
    fault_random: random.Random,
    lab_options: dict[str, Any],
) -> Iterator[Lab]:
    """An installation on the session's broker and engine; whatever still runs at the end is killed."""
    with Lab.created(kafka_bootstrap, clickhouse_url, tmp_path, fault_random, **lab_options) as made:
        yield made
        request.node.user_properties.append(("fault", fault_row(request.node.name, made)))


@pytest.fixture
def unmerged(lab: Lab) -> Lab:
    """The same, its tables never merged: a row that went in twice stays two rows for whoever reads without FINAL."""
    of_merge_trees = "SELECT name FROM system.tables WHERE database = {name:String} AND engine LIKE '%MergeTree'"
    for (table,) in lab.client.query(of_merge_trees, {"name": lab.database}).result_rows:
        lab.client.command(f"SYSTEM STOP MERGES {lab.database}.{table}")
    return lab


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each fault that passed: what went in, what was lost or doubled, how long nothing moved."""
    rows = [
        value
        for report in terminalreporter.stats.get("", [])
        if report.when == "teardown" and report.passed
        for name, value in report.user_properties
        if name == "fault"
    ]
    if rows:
        terminalreporter.section("faults")
        terminalreporter.write_line(fault_table(rows))
