"""Puts a backlog into a topic, every message acknowledged before anything is measured."""

from collections.abc import Iterable, Iterator
from typing import Any

from confluent_kafka import Producer

from benchmarks.failing import BenchmarkFailed
from benchmarks.topic_reading import PARTITIONS, PRODUCER_CONFIG
from benchmarks.workload import Event
from chatsnapshot_schemas.avro_schema import ledger_schema
from chatsnapshot_schemas.chain import genesis_hash
from chatsnapshot_schemas.codec import decode_plain, encode_ledger
from chatsnapshot_schemas.framing import SINGLE_OBJECT, SINGLE_OBJECT_BYTES
from chatsnapshot_schemas.partitioning import partition_of

FLUSH_WITHIN_S = 120.0
RECORDED_AT = 1_790_000_000_000_000


def fill(bootstrap: str, topic: str, events: Iterable[Event], partitions: bool = False) -> None:
    """Send all in order. `partitions`: by our own count of the key's partition. Raises BenchmarkFailed."""
    producer = Producer({"bootstrap.servers": bootstrap, **PRODUCER_CONFIG})
    failed: list[Any] = []

    def settled(error: Any, _message: Any) -> None:
        if error is not None:
            failed.append(error)

    for number, event in enumerate(events):
        where = {"partition": partition_of(event.key, PARTITIONS)} if partitions else {}
        producer.produce(topic, event.value, event.key, on_delivery=settled, **where)
        if number % 1_000 == 0:
            producer.poll(0)
    if producer.flush(FLUSH_WITHIN_S) or failed:
        raise BenchmarkFailed(f"{topic} could not be filled: {failed[:1] or 'no acknowledgement'}")


def ledger_records(events: Iterable[Event]) -> Iterator[Event]:
    """The ledger's messages for distinct events in order, as the sequencer would write them."""
    prefix = SINGLE_OBJECT + ledger_schema().fingerprint
    heads: dict[bytes, tuple[int, bytes]] = {}
    offsets = [0] * PARTITIONS
    for event in events:
        body = event.value[SINGLE_OBJECT_BYTES:]
        envelope = decode_plain(body)
        genesis = genesis_hash(envelope["tenant_id"], envelope["correlation_id"])
        number, previous = heads.get(event.key, (0, genesis))
        partition = partition_of(event.key, PARTITIONS)
        head = {
            "prev_hash": previous,
            "sequence_no": number + 1,
            "recorded_at": RECORDED_AT + offsets[partition],
            "input_epoch": 1,
            "input_partition": partition,
            "input_offset": offsets[partition],
            "gap_before": 0,
            "late": False,
            "cause": "linked" if envelope["causation_id"] else "root",
        }
        digest, record = encode_ledger(head, body)
        heads[event.key] = (number + 1, digest)
        offsets[partition] += 1
        yield Event(event.key, prefix + record)
