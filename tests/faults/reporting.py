"""One seed for a whole session, said at its start, and the table of faults at its end.

A plugin of its own: workers of pytest-xdist need the seed before they find the first fault, and the process that prints
the summary finds none at all.
"""

import os

import pytest

from tests.faults.fault_table import fault_table
from tests.faults.seeds import SEED_VARIABLE, session_seed

SEED = pytest.StashKey[int]()
"""Kept here, because tests of settings clear the environment."""


def pytest_configure(config: pytest.Config) -> None:
    """One seed for the whole session; workers of pytest-xdist inherit it."""
    seed = config.stash[SEED] = session_seed()
    os.environ[SEED_VARIABLE] = str(seed)


def pytest_report_header(config: pytest.Config) -> str:
    seed = config.stash[SEED]
    return f"fault seed: {seed} (again with {SEED_VARIABLE}={seed})"


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
