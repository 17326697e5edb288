"""Shared fixtures: the real broker and the real engine, one of each per test session."""

pytest_plugins = [
    "tests.fixtures.kafka",
    "tests.fixtures.secured_kafka",
    "tests.fixtures.clickhouse",
    "tests.fixtures.schema_registry",
    "tests.fixtures.whole_stack",
    "tests.fixtures.redrive_world",
    "tests.faults.reporting",
]
