"""Ledger records as the sequencer writes them, and messages that carry them."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

from confluent_kafka import Message

from chatsnapshot_schemas.avro_schema import ledger_schema
from chatsnapshot_schemas.chain import genesis_hash
from chatsnapshot_schemas.codec import encode_envelope, encode_ledger
from chatsnapshot_schemas.envelope import EventEnvelope, PayloadRef, Source
from chatsnapshot_schemas.framing import SINGLE_OBJECT

FRAME = SINGLE_OBJECT + ledger_schema().fingerprint
RECORDED_AT = int(datetime(2026, 5, 1, tzinfo=UTC).timestamp()) * 1_000_000
NAMESPACE = uuid.UUID("00000000-0000-4000-8000-000000000000")


def envelope(correlation_id: str, number: int, **changes: object) -> EventEnvelope:
    """An event whose optional fields are set or not, by number."""
    is_rich = number % 3 == 0
    values: dict[str, object] = {
        "event_id": str(uuid.uuid5(NAMESPACE, f"{correlation_id} {number}")),
        "correlation_id": correlation_id,
        "event_type": "execution.message",
        "timestamp": datetime(2026, 5, 1, 12, 0, 0, number % 1_000_000, tzinfo=UTC),
        "source": Source("agent", "ag2", "tests", instance="i1" if is_rich else None, agent="planner"),
        "source_seq": number if is_rich else None,
        "caused_by": (),
        "headers": {"traceparent": "00-ä"} if is_rich else {},
        "payload": f'{{"role": "user", "content": "Nr. {number} \\u00e9 ü", "n": 1.0}}',
        "payload_ref": PayloadRef("file:///blob", "a" * 64, 10) if is_rich else None,
    }
    return EventEnvelope(**(values | changes))  # type: ignore[arg-type]


def ledger_values(count: int, *, partition: int = 0, runs: int = 3, months: int = 1) -> Iterator[tuple[bytes, bytes]]:
    """(key, framed value) of `count` records, chained per run; `months` spreads them over partitions of the table."""
    heads: dict[str, tuple[int, bytes]] = {}
    for at in range(count):
        run = f"run-{partition}-{at % runs}"
        number, prev_hash = heads.get(run, (0, genesis_hash("default", run)))
        head = {
            "prev_hash": prev_hash,
            "sequence_no": number + 1,
            "recorded_at": RECORDED_AT + at + (at % months) * 31 * 86_400 * 1_000_000,
            "input_epoch": 0,
            "input_partition": partition,
            "input_offset": at,
            "gap_before": 0,
            "late": False,
            "cause": "root",
        }
        digest, body = encode_ledger(head, encode_envelope(envelope(run, number)))
        heads[run] = (number + 1, digest)
        yield f"default/{run}".encode(), FRAME + body


def message(offset: int, value: bytes | None, **fields: object) -> Message:
    """A message as the client hands it over."""
    return Message(topic="ledger", partition=0, offset=offset, value=value, **fields)  # type: ignore[arg-type]
