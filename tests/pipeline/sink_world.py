"""Topics, tables and sink processes of one test: everything of it has a name of its own."""

import json
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from chatsnapshot_projections.clickhouse_client import connect
from chatsnapshot_projections.migrate import migrate
from chatsnapshot_projections.settings_pinned import DEDUPLICATION_WINDOW
from chatsnapshot_projections.sql_files import statements, table_settings
from chatsnapshot_schemas.connections import ClickHouseConnection, TopicNames
from tests.unit.projections_sink.recorded import ledger_values

SEEN = (
    "CREATE TABLE {{database}}.seen (correlation_id String, sequence_no Int64) ENGINE = MergeTree "
    f"ORDER BY correlation_id SETTINGS non_replicated_deduplication_window = {DEDUPLICATION_WINDOW}",
    "CREATE MATERIALIZED VIEW {{database}}.seen_live TO {{database}}.seen AS "
    "SELECT correlation_id, sequence_no FROM {{database}}.ledger",
)
"""A projection that would show every row that goes in twice: nothing in it replaces anything."""
WAIT_S = 60.0
"""For what must happen at all; nothing here measures time."""


@dataclass
class SinkWorld:
    """One installation for one test."""

    bootstrap: str
    url: str
    prefix: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:10]}")
    partitions: int = 2
    has_projections: bool = False

    @property
    def topics(self) -> TopicNames:
        return TopicNames(prefix=self.prefix)

    @property
    def client(self) -> Client:
        return clickhouse_connect.get_client(dsn=self.url, autogenerate_session_id=False)

    def create(self) -> "SinkWorld":
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        names = (self.topics.ledger, self.topics.state, self.topics.quarantine)
        for made in admin.create_topics([NewTopic(name, self.partitions, 1) for name in names]).values():
            made.result(WAIT_S)
        self.create_tables()
        return self

    def create_tables(self) -> None:
        """The product's tables, all projections if asked for, and a plain one beside them."""
        client = connect(ClickHouseConnection(url=self.url, database=self.prefix))
        if self.has_projections:
            migrate(client, self.prefix, fsync=False)
        else:
            self._create_sink_tables(client)
        for statement in SEEN:
            client.command(statement.replace("{{database}}", self.prefix))

    def _create_sink_tables(self, client: Client) -> None:
        client.command(f"CREATE DATABASE {self.prefix}", use_database=False)
        for table in ("ledger", "held_versions", "quarantine_versions"):
            settings = table_settings(fsync=False)
            for statement in statements(f"tables/{table}.sql", self.prefix, table=table, table_settings=settings):
                client.command(statement)
        for view in ("held", "quarantine"):
            (select,) = statements(f"views/{view}.sql", self.prefix)
            client.command(f"CREATE VIEW {self.prefix}.{view} AS {select}")

    def drop(self) -> None:
        self.client.command(f"DROP DATABASE IF EXISTS {self.prefix}")
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        for gone in admin.delete_topics([self.topics.ledger, self.topics.state, self.topics.quarantine]).values():
            gone.result(WAIT_S)

    def record(self, count: int, *, transaction: int = 100, abort_every: int = 0, months: int = 1) -> int:
        """`count` ledger records in each partition, in transactions, some aborted before; returns the sum."""
        producer = Producer({"bootstrap.servers": self.bootstrap, "transactional.id": f"{self.prefix}{uuid.uuid4()}"})
        producer.init_transactions(WAIT_S)
        for partition in range(self.partitions):
            records = list(ledger_values(count, partition=partition, runs=7, months=months))
            for number, start in enumerate(range(0, count, transaction)):
                chosen = records[start : start + transaction]
                if abort_every and number % abort_every == 0:
                    self._send(producer, partition, chosen)
                    producer.abort_transaction(WAIT_S)
                self._send(producer, partition, chosen)
                producer.commit_transaction(WAIT_S)
        return count * self.partitions

    def _send(self, producer: Producer, partition: int, records: Sequence[tuple[bytes, bytes]]) -> None:
        producer.begin_transaction()
        for key, value in records:
            producer.produce(self.topics.ledger, value, key, partition=partition)
        producer.flush(WAIT_S)

    def produce(self, topic: str, key: bytes, value: bytes | None, headers: list | None = None) -> None:
        """One record into partition 0."""
        producer = Producer({"bootstrap.servers": self.bootstrap})
        producer.produce(topic, value, key, partition=0, headers=headers or [])
        assert producer.flush(WAIT_S) == 0

    def start(self, **options: Any) -> "subprocess.Popen[str]":
        """A sink process; options as in `sink_process`."""
        given = {"bootstrap": self.bootstrap, "url": self.url, "prefix": self.prefix, **options}
        command = [sys.executable, "-m", "tests.pipeline.sink_process", json.dumps(given)]
        said = tempfile.TemporaryFile("w+")  # noqa: SIM115  (not a pipe: nobody reads while it runs; the process has it)
        sink = subprocess.Popen(command, stderr=said, text=True)
        sink.stderr = said
        return sink

    def committed(self, partition: int = 0, topic: str = "", group: str = "") -> tuple[int, str]:
        """Offset and metadata that the group committed.

        Asked by a consumer that does not join: the admin client's question crashes librdkafka 2.16 when the broker's
        answer is an error, which it is while the group's coordinator starts.
        """
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": group or f"{self.prefix}-sink"})
        try:
            (found,) = consumer.committed([TopicPartition(topic or self.topics.ledger, partition)], WAIT_S)
            return found.offset, found.metadata or ""
        finally:
            consumer.close()

    def end_offset(self, partition: int = 0) -> int:
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "none"})
        try:
            return int(consumer.get_watermark_offsets(TopicPartition(self.topics.ledger, partition), WAIT_S)[1])
        finally:
            consumer.close()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return list(self.client.query(sql, settings={"final": 0}).result_rows)

    def rows(self, table: str = "ledger", *, final: bool = False) -> int:
        """Rows as they are stored, or as FINAL shows them."""
        return int(self.query(f"SELECT count() FROM {self.prefix}.{table} {'FINAL' if final else ''}")[0][0])

    def assert_exactly(self, expected: int) -> None:
        """Every record once: in the table, after FINAL, and in the target of the materialized view."""
        assert self.rows(final=True) == expected
        assert self.rows() == expected
        assert self.rows("seen") == expected


def what_it_said(process: "subprocess.Popen[str]") -> str:
    """Everything that a sink wrote to its log so far."""
    assert process.stderr is not None
    process.stderr.seek(0)
    return process.stderr.read()


def until(condition: Any, what: str, processes: Sequence["subprocess.Popen[str]"] = ()) -> None:
    """Wait for something that must happen; a process that ends meanwhile ends the wait."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, f"did not happen: {what}"
        for process in processes:
            if process.poll() is not None:
                raise AssertionError(f"ended with {process.returncode} before: {what}\n{what_it_said(process)}")
        time.sleep(0.1)


def worlds(bootstrap: str, url: str, **fields: Any) -> Iterator[SinkWorld]:
    """A fixture's body."""
    world = SinkWorld(bootstrap, url, **fields).create()
    try:
        yield world
    finally:
        world.drop()
