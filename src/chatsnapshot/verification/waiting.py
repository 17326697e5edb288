"""What waits or was refused, from the topics themselves: held events and quarantine records."""

from collections.abc import Iterator

from confluent_kafka import Consumer, Message

from chatsnapshot.kafka.partition_log import read_partition
from chatsnapshot.verification.findings import Finding, Kind
from chatsnapshot_schemas.codec import decode_plain
from chatsnapshot_schemas.connections import KafkaConnection, TopicNames
from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.headers import QUARANTINE_DETAIL, QUARANTINE_REASON
from chatsnapshot_schemas.partitioning import message_key
from chatsnapshot_schemas.state_entries import HELD, decode_held

Run = tuple[str, str]


def held_findings(
    consumer: Consumer, kafka: KafkaConnection, names: TopicNames, partition: int, only: Run | None
) -> Iterator[Finding]:
    """Events of the partition that wait now."""
    latest: dict[bytes, bytes | None] = {}
    for message in read_partition(consumer, kafka, names.state, partition):
        key = message.key() or b""
        if key.startswith(HELD.encode()):
            latest[key] = message.value()
    for value in filter(None, latest.values()):
        held = decode_held(value)
        if only in (None, (held.tenant_id, held.correlation_id)):
            yield Finding(
                Kind.HELD, f"waits for {held.waiting_for}", held.tenant_id, held.correlation_id, event_id=held.event_id
            )


def quarantine_findings(
    consumer: Consumer, kafka: KafkaConnection, names: TopicNames, partition: int, framing: Framing, only: Run | None
) -> Iterator[Finding]:
    """Records of the partition that were refused; those of a run by their ids, or by their key when unreadable."""
    for message in read_partition(consumer, kafka, names.quarantine, partition):
        tenant, correlation, event_id = _ids(message, framing)
        if only is None or only == (tenant, correlation) or message.key() == message_key(*only):
            headers = dict(message.headers() or [])
            reason, detail = (_text(headers.get(name)) for name in (QUARANTINE_REASON, QUARANTINE_DETAIL))
            whose = (tenant, correlation) if tenant else _of_key(message.key())
            yield Finding(Kind.QUARANTINED, f"{reason}: {detail}", *whose, event_id=event_id or None)


def _ids(message: Message, framing: Framing) -> tuple[str, str, str]:
    try:
        plain = decode_plain(framing.envelope_body(message.value()))
    except InvalidEvent:
        return "", "", ""
    return plain["tenant_id"], plain["correlation_id"], plain["event_id"]


def _of_key(key: bytes | str | None) -> Run:
    text = (key if isinstance(key, bytes) else b"").decode("utf-8", "replace")
    tenant, _, correlation = text.partition("/")
    return tenant, correlation


def _text(value: bytes | str | None) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
