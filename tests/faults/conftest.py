"""Fixtures of the fault laboratory: the seed, and an installation of its own for each fault."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.fault_table import fault_row
from tests.faults.lab import Lab
from tests.faults.own_broker import OwnBroker, own_broker
from tests.faults.reporting import SEED
from tests.faults.seeds import random_of


@pytest.fixture
def fault_random(request: pytest.FixtureRequest) -> random.Random:
    """Random choices of this test."""
    return random_of(request.config.stash[SEED], request.node.name)


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
def broker(tmp_path: Path) -> Iterator[OwnBroker]:
    """One of this test's own, to be broken."""
    with own_broker(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def shared_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnBroker]:
    """One that the tests of a module share, whole again after each; `kafka_bootstrap` of that module names it."""
    with own_broker(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture
def unmerged(lab: Lab) -> Lab:
    """The same, its tables never merged: a row that went in twice stays two rows for whoever reads without FINAL."""
    of_merge_trees = "SELECT name FROM system.tables WHERE database = {name:String} AND engine LIKE '%MergeTree'"
    for (table,) in lab.client.query(of_merge_trees, {"name": lab.database}).result_rows:
        lab.client.command(f"SYSTEM STOP MERGES {lab.database}.{table}")
    return lab
