"""Records that no ordinary client can send: header names of any bytes. A produce request made by hand."""

import asyncio
from collections.abc import Sequence

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import for_code
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from aiokafka.structs import TopicPartition

BATCH_BYTES = 1 << 20
TIMEOUT_MS = 10_000
GZIP = 1
Record = tuple[bytes | None, bytes | None, Sequence[tuple[bytes, bytes | None]]]
"""Key, value, headers."""


class _Name(bytes):
    """A header's name as the builder asks for it."""

    def encode(self, _: str) -> bytes:
        return bytes(self)


def raw_batch(records: Sequence[Record], compression: int = 0) -> bytes:
    """One record batch (magic 2)."""
    builder = _DefaultRecordBatchBuilderPy(2, compression, 0, -1, -1, -1, BATCH_BYTES)
    for offset, (key, value, headers) in enumerate(records):
        names = [(_Name(name), content) for name, content in headers]
        assert builder.append(offset, 0, key, value, names) is not None  # type: ignore[arg-type]
    return bytes(builder.build())


def produce_raw(bootstrap: str, topic: str, partition: int, batch: bytes) -> int:
    """Append a batch with acks=all; the offset of its first record."""
    return asyncio.run(_produce(bootstrap, topic, partition, batch))


async def _produce(bootstrap: str, topic: str, partition: int, batch: bytes) -> int:
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    try:
        await client.set_topics([topic])
        leader = client.cluster.leader_for_partition(TopicPartition(topic, partition))
        request = ProduceRequest(None, -1, TIMEOUT_MS, [(topic, [(partition, batch)])])
        answer = await client.send(leader, request)
        ((_, ((_, code, offset, *_),)),) = answer.topics
        assert code == 0, for_code(code)
        return int(offset)
    finally:
        await client.close()
