"""What a reader works with: the ClickHouse of the views, the Kafka of the raw records, one tenant."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chatsnapshot.connecting import clickhouse_connection, kafka_connection
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.connections import ClickHouseConnection, KafkaConnection, TopicNames
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.registry import framing_with

if TYPE_CHECKING:
    from chatsnapshot.verification.verifier import Verifier
    from chatsnapshot_producers.blobs import BlobStore
    from chatsnapshot_projections.queries import LedgerQueries


@dataclass
class Sources:
    """Connections are made when they are first needed: a reader of views needs no broker, and the other way round."""

    settings: Settings
    tenant: str

    @cached_property
    def kafka(self) -> KafkaConnection:
        """The broker. Raises StackNotRunning."""
        return kafka_connection(self.settings)

    @cached_property
    def clickhouse(self) -> ClickHouseConnection:
        """The ClickHouse. Raises StackNotRunning."""
        return clickhouse_connection(self.settings)

    @property
    def topics(self) -> TopicNames:
        """The topics of this installation."""
        return self.settings.topics()

    @cached_property
    def client(self) -> Any:
        """A clickhouse-connect client. Raises ClickHouseUnavailable."""
        from chatsnapshot_projections.clickhouse_client import connect

        return connect(self.clickhouse)

    @cached_property
    def queries(self) -> "LedgerQueries":
        """The named queries of the views."""
        from chatsnapshot_projections.queries import LedgerQueries

        return LedgerQueries(self.client, self.clickhouse.database)

    @cached_property
    def framing(self) -> Framing:
        """How values are framed."""
        return framing_with(self.settings.schema_registry_url)

    @cached_property
    def blobs(self) -> "BlobStore":
        """The storage of payloads above the cap. Raises ConfigurationError."""
        from chatsnapshot.blob_storage import blob_store

        return blob_store(self.settings)

    def verifier(self, *, tables: bool = True) -> "Verifier":
        """Verification over the topics, compared with the tables unless they are left out."""
        from chatsnapshot.verification.tables import LedgerTables
        from chatsnapshot.verification.verifier import Verifier

        return Verifier(
            kafka=self.kafka,
            topics=self.topics,
            framing=self.framing,
            blobs=lambda: self.blobs,
            tables=LedgerTables(self.client, self.clickhouse.database) if tables else None,
            sink_group=self.topics.sink_group,
        )
