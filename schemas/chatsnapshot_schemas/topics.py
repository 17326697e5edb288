"""The topics as they must be (DESIGN section 6): partitions, replication and the settings that guarantees rest on."""

from dataclasses import dataclass, field

from chatsnapshot_schemas.connections import TopicNames

INPUT_MESSAGE_BYTES_MAX = 1024 * 1024
"""Of the events topic: a payload at its cap, four times over."""
OUTPUT_HEADROOM_BYTES = 64 * 1024
"""Outputs carry the input and more: without this the largest input would fail for ever."""
OUTPUT_MESSAGE_BYTES_MAX = INPUT_MESSAGE_BYTES_MAX + OUTPUT_HEADROOM_BYTES
QUARANTINE_MESSAGE_BYTES_MAX = 8 * 1024 * 1024
"""More than the events topic takes, because that counts packed bytes and another codec may pack less well. Hosted
clusters allow a topic no more than this."""
QUARANTINED_BYTES_MAX = QUARANTINE_MESSAGE_BYTES_MAX - OUTPUT_HEADROOM_BYTES
"""Key, value and headers of an input that quarantine keeps whole."""
EVENTS_RETENTION_MS = 7 * 24 * 3600 * 1000
SOURCES_RETENTION_MS = 90 * 24 * 3600 * 1000
"""A report is kept so long after it last changed: until then a hole at the end of a run is found."""
SOURCES_SEGMENT_MS = 24 * 3600 * 1000
"""The newest segment is not compacted: a day's reports are the most that is read in vain."""
FOR_EVER = "-1"


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic and the settings that migrate keeps in force."""

    name: str
    partitions: int
    replication_factor: int
    config: dict[str, str] = field(default_factory=dict)


def topic_specs(names: TopicNames, partitions: int, replication_factor: int) -> tuple[TopicSpec, ...]:
    """Every topic of an installation; all share one partition count, because partition numbers correspond."""
    in_sync = str(2 if replication_factor >= 3 else 1)

    def spec(name: str, **config: str) -> TopicSpec:
        settings = {setting.replace("_", "."): value for setting, value in config.items()}
        return TopicSpec(name, partitions, replication_factor, {"min.insync.replicas": in_sync, **settings})

    output = str(OUTPUT_MESSAGE_BYTES_MAX)
    return (
        spec(
            names.events,
            cleanup_policy="delete",
            retention_ms=str(EVENTS_RETENTION_MS),
            message_timestamp_type="LogAppendTime",
            max_message_bytes=str(INPUT_MESSAGE_BYTES_MAX),
        ),
        spec(
            names.ledger,
            cleanup_policy="delete",
            retention_ms=FOR_EVER,
            retention_bytes=FOR_EVER,
            max_message_bytes=output,
        ),
        spec(
            names.quarantine,
            cleanup_policy="delete",
            retention_ms=FOR_EVER,
            retention_bytes=FOR_EVER,
            max_message_bytes=str(QUARANTINE_MESSAGE_BYTES_MAX),
        ),
        spec(names.state, cleanup_policy="compact", max_message_bytes=output),
        spec(
            names.sources,
            cleanup_policy="compact,delete",
            retention_ms=str(SOURCES_RETENTION_MS),
            segment_ms=str(SOURCES_SEGMENT_MS),
        ),
        spec(names.roots, cleanup_policy="delete", retention_ms=FOR_EVER, retention_bytes=FOR_EVER),
    )
