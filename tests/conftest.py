"""Shared fixtures: the real broker and the real engine, one of each per test session."""

pytest_plugins = ["tests.fixtures.kafka", "tests.fixtures.clickhouse", "tests.fixtures.whole_stack"]
