"""The embedded stack: Kafka, ClickHouse and the roles of ChatSnapshot as supervised processes on loopback."""
