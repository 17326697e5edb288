"""`migrate`: topics, epochs and tables brought to what this version needs, or what would be done."""

from dataclasses import dataclass

from chatsnapshot.connecting import clickhouse_connection, kafka_connection
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.topics import topic_specs


@dataclass(frozen=True, slots=True)
class MigrationStep:
    """One change: `what` it touches and the `action`."""

    what: str
    action: str


def migrate_kafka(settings: Settings, *, dry_run: bool) -> list[MigrationStep]:
    """Topics and the epoch of the events topic. Raises BrokerUnavailable, TopicMismatch."""
    from chatsnapshot.kafka.admin import admin_client, cluster_metadata
    from chatsnapshot.kafka.topic_migration import migrate_topics

    kafka, names = kafka_connection(settings), settings.topics()
    admin = admin_client(kafka)
    specs = topic_specs(names, settings.partitions, settings.replication_factor)
    steps = migrate_topics(admin, cluster_metadata(admin), specs, dry_run=dry_run)
    done = [MigrationStep(f"topic {step.topic}", step.action) for step in steps]
    if dry_run and any(step.topic in (names.events, names.state) and "create" in step.action for step in steps):
        return [*done, MigrationStep("epoch", "write the first epoch of the new events topic")]
    return done + _migrate_epoch(settings, dry_run=dry_run)


def _migrate_epoch(settings: Settings, *, dry_run: bool) -> list[MigrationStep]:
    from chatsnapshot.kafka.admin import admin_client, topic_ids
    from chatsnapshot.kafka.epochs import current_epoch, known_epochs, write_epoch

    kafka, names = kafka_connection(settings), settings.topics()
    topic_id = topic_ids(admin_client(kafka), [names.events])[names.events]
    known = known_epochs(kafka, names.state, settings.partitions)
    entry = current_epoch(known, topic_id, settings.partitions)
    if all(entry in entries for entries in known):
        return []
    if not dry_run:
        write_epoch(kafka, names.state, entry, known)
    return [MigrationStep("epoch", f"{entry.epoch} for {names.events} ({topic_id}, {entry.partitions} partitions)")]


def migrate_clickhouse(settings: Settings, *, dry_run: bool) -> list[MigrationStep]:
    """Database, tables, views and prices. Raises ClickHouseUnavailable, QueryFailed, FatalError."""
    from chatsnapshot_projections.clickhouse_client import connect
    from chatsnapshot_projections.migrate import migrate

    connection = clickhouse_connection(settings)
    client = connect(connection)
    applied = migrate(client, connection.database, dry_run=dry_run)
    return [MigrationStep(f"database {connection.database}", str(migration)) for migration in applied]
