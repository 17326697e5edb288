"""ClickHouse's HTTP interface over the embedded engine: one process, one data folder, loopback."""
