"""Tables and queries as files, streamed by ClickHouse itself."""
