"""What projections count: a closed set of names, each with unit and meaning.

chatsnapshot_sink_rows_total          rows acknowledged by ClickHouse, by table
chatsnapshot_sink_bytes_total         bytes of their inserts, by table
chatsnapshot_sink_batches_total       batches stored and committed, by topic
chatsnapshot_sink_insert_seconds      seconds from sending an insert to its acknowledgement, by table
chatsnapshot_sink_retries_total       attempts that are repeated, by code (ClickHouse's, `connection`, `commit`)
chatsnapshot_sink_lag_records         places in the log that are not stored yet, by topic and partition
chatsnapshot_sink_stopped_partitions  partitions that a person must look at, by topic
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

INSERT_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""From one small block on a fast disk to the client's time limit."""


class SinkMetrics:
    """The metrics of one sink worker, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.rows = Counter("chatsnapshot_sink_rows", "Rows stored", ["table"], registry=self.registry)
        self.bytes = Counter("chatsnapshot_sink_bytes", "Bytes of inserts stored", ["table"], registry=self.registry)
        self.batches = Counter(
            "chatsnapshot_sink_batches", "Batches stored and committed", ["topic"], registry=self.registry
        )
        self.insert_seconds = Histogram(
            "chatsnapshot_sink_insert_seconds",
            "Seconds to the acknowledgement of an insert",
            ["table"],
            buckets=INSERT_SECONDS,
            registry=self.registry,
        )
        self.retries = Counter(
            "chatsnapshot_sink_retries", "Attempts that are repeated", ["code"], registry=self.registry
        )
        self.lag = Gauge(
            "chatsnapshot_sink_lag_records", "Places not stored yet", ["topic", "partition"], registry=self.registry
        )
        self.stopped_partitions = Gauge(
            "chatsnapshot_sink_stopped_partitions", "Partitions that stopped", ["topic"], registry=self.registry
        )
