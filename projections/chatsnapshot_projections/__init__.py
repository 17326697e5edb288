"""Sink workers, and what ClickHouse derives from the ledger: tables, projections, views, prices, queries."""
