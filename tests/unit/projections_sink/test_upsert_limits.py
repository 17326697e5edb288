from dataclasses import replace

from confluent_kafka import Message

from chatsnapshot_projections.topic_upserts import SIZE_MAX, HeldRows, UpsertBatch
from chatsnapshot_schemas.state_entries import encode_held, held_key
from tests.unit.projections_sink.test_topic_upserts import HELD, SOURCE

VALUE = encode_held(replace(HELD, value=bytes(1024 * 1024)))


def held_message(offset: int) -> Message:
    return Message(topic="x.state", partition=2, offset=offset, key=held_key(1, offset), value=VALUE)


def test_a_batch_of_large_rows_is_full_before_it_has_many() -> None:
    batch = UpsertBatch(SOURCE, HeldRows())
    fitting = -(-SIZE_MAX // len(VALUE))
    assert batch.take([held_message(offset) for offset in range(20)], 0) == fitting < 20
    assert batch.is_full
    assert SIZE_MAX <= batch.size < SIZE_MAX + len(VALUE)
