"""One topic prefix and one database on a stage: nothing that was measured before is in its way."""

import sys
import uuid
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from confluent_kafka.admin import NewTopic

from benchmarks.stage import Stage, clean_environment
from benchmarks.topic_reading import PARTITIONS
from chatsnapshot.embedded.ports import LOOPBACK, free_port
from chatsnapshot.embedded.readiness import accepts_connections, group_has_members, http_answers
from chatsnapshot.embedded.stack_plan import STATIC_MEMBER
from chatsnapshot.kafka.admin import admin_client
from chatsnapshot.migration import migrate_clickhouse, migrate_kafka
from chatsnapshot.settings import Settings
from chatsnapshot_projections.clickhouse_client import connect
from chatsnapshot_schemas.connections import ClickHouseConnection, TopicNames

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

ADMIN_WITHIN_S = 30.0


@dataclass
class Installation:
    """Topics, tables and processes of the product as it is shipped: no setting differs from the defaults."""

    stage: Stage
    prefix: str = field(default_factory=lambda: f"b{uuid.uuid4().hex[:8]}")
    http_url: str = ""

    @property
    def topics(self) -> TopicNames:
        """By name."""
        return TopicNames(prefix=self.prefix)

    @property
    def settings(self) -> Settings:
        """What a process on it reads from its environment."""
        return Settings(
            data_dir=self.stage.folder / self.prefix,
            kafka_bootstrap_servers=self.stage.bootstrap,
            clickhouse_url=self.stage.clickhouse_url,
            clickhouse_database=self.prefix,
            topic_prefix=self.prefix,
        )

    @property
    def environment(self) -> dict[str, str]:
        """The same as environment variables."""
        return clean_environment() | {
            "CHATSNAPSHOT_DATA_DIR": str(self.stage.folder / self.prefix),
            "CHATSNAPSHOT_KAFKA_BOOTSTRAP_SERVERS": self.stage.bootstrap,
            "CHATSNAPSHOT_CLICKHOUSE_URL": self.stage.clickhouse_url,
            "CHATSNAPSHOT_CLICKHOUSE_DATABASE": self.prefix,
            "CHATSNAPSHOT_TOPIC_PREFIX": self.prefix,
        }

    @cached_property
    def client(self) -> "Client":
        """ClickHouse, as any reader would use it."""
        return connect(ClickHouseConnection(url=self.stage.clickhouse_url, database=self.prefix))

    def migrate(self, *, tables: bool = True) -> "Installation":
        """Topics, and the tables with every projection."""
        migrate_kafka(self.settings, dry_run=False)
        if tables:
            migrate_clickhouse(self.settings, dry_run=False)
        return self

    def create_topic(self, name: str) -> None:
        """A topic beside the product's own, for a peer's output."""
        admin = admin_client(self.stage.kafka)
        for made in admin.create_topics([NewTopic(name, PARTITIONS, 1)]).values():
            made.result(ADMIN_WITHIN_S)

    def drop(self) -> None:
        """Free the disk: topics that begin with the prefix, and the database."""
        admin = admin_client(self.stage.kafka)
        names = [name for name in admin.list_topics(timeout=ADMIN_WITHIN_S).topics if self.prefix in name]
        if names:
            for gone in admin.delete_topics(names).values():
                gone.result(ADMIN_WITHIN_S)
        self.client.command(f"DROP DATABASE IF EXISTS `{self.prefix}`", use_database=False)

    def start(self, role: str, wrapper: tuple[str, ...] = (), *, wait: bool = True) -> None:
        """`chatsnapshot serve ROLE` as the embedded stack starts it; `wrapper` stands for `python -m chatsnapshot`.

        `wait`: return when it is ready.
        """
        port = free_port()
        if role == "http":
            arguments = ("serve", "http", "--host", LOOPBACK, "--port", str(port))
            self.http_url = f"http://{LOOPBACK}:{port}"
        else:
            arguments = ("serve", role, "--metrics-port", str(port), "--instance-id", STATIC_MEMBER)
        program = wrapper or (sys.executable, "-P", "-m", "chatsnapshot")
        self.stage.start(role, (*program, *arguments), self.environment)
        if not wait:
            return
        if role == "http":
            self.stage.until(lambda: http_answers(f"{self.http_url}/readyz"), "the HTTP server is ready")
            return
        self.stage.until(lambda: accepts_connections(LOOPBACK, port), f"{role} runs")
        self.stage.until(lambda: self.has_members(f"{self.prefix}-{role}"), f"{role} has partitions")

    def has_members(self, group: str) -> bool:
        """Whether a consumer group has its partitions."""
        return group_has_members(self.stage.kafka, group)

    def rows(self, table: str = "ledger") -> int:
        """Rows as they are stored: answered from metadata, so asking costs nothing."""
        answer = self.client.query(f"SELECT count() FROM {self.prefix}.{table}", settings={"final": 0})
        return int(answer.result_rows[0][0])

    def rows_once(self, table: str = "ledger") -> int:
        """Rows as every view shows them: each once."""
        answer = self.client.query(f"SELECT count() FROM {self.prefix}.{table} FINAL")
        return int(answer.result_rows[0][0])
