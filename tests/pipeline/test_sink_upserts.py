"""Tables `held` and `quarantine` follow their topics, and repeating does no harm."""

import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from chatsnapshot_schemas import headers
from chatsnapshot_schemas.avro_schema import envelope_schema
from chatsnapshot_schemas.codec import encode_envelope
from chatsnapshot_schemas.framing import SINGLE_OBJECT
from chatsnapshot_schemas.state_entries import encode_held, epoch_key, held_key
from tests.pipeline.sink_world import SinkWorld, until, worlds
from tests.unit.projections_sink.recorded import envelope
from tests.unit.projections_sink.test_topic_upserts import HELD


@pytest.fixture
def world(kafka_bootstrap: str, clickhouse_url: str) -> Iterator[SinkWorld]:
    yield from worlds(kafka_bootstrap, clickhouse_url)


def quarantine_headers(input_offset: int, **more: str) -> list[tuple[str, bytes]]:
    texts = {
        headers.QUARANTINE_INPUT_EPOCH: "0",
        headers.QUARANTINE_INPUT_PARTITION: "0",
        headers.QUARANTINE_INPUT_OFFSET: str(input_offset),
        headers.QUARANTINE_FIRST_SEEN: "1777000000000000",
        **more,
    }
    return [(name, text.encode()) for name, text in texts.items()]


def run_until_read(world: SinkWorld, topic: str, position: int) -> None:
    sink = world.start(config={"instance_id": "one"})
    try:
        until(
            lambda: world.committed(topic=topic, group=f"{world.prefix}-sink-upserts")[0] >= position,
            f"{topic} read up to {position}",
            [sink],
        )
    finally:
        sink.send_signal(signal.SIGTERM)
        assert sink.wait(10) == 0


def test_held_events_come_and_go(world: SinkWorld) -> None:
    topic = world.topics.state
    for offset in (1, 2):
        held = replace(HELD, input_epoch=0, input_partition=0, input_offset=offset)
        world.produce(topic, held_key(0, offset), encode_held(held))
    world.produce(topic, epoch_key(0), b'{"epoch":0,"topic_id":"x","partitions":2}')
    run_until_read(world, topic, 3)
    columns = "input_offset, tenant_id, correlation_id, event_id, waiting_for, toUnixTimestamp64Micro(appended_at)"
    found = world.query(f"SELECT {columns} FROM {world.prefix}.held ORDER BY input_offset")
    said = ("default", "run", HELD.event_id, "cause x", HELD.appended_at)
    assert found == [(1, *said), (2, *said)]

    world.produce(topic, held_key(0, 1), None)
    run_until_read(world, topic, 4)
    assert world.query(f"SELECT input_offset FROM {world.prefix}.held") == [(2,)]


def test_reading_a_topic_again_changes_nothing(world: SinkWorld) -> None:
    topic = world.topics.state
    world.produce(topic, held_key(0, 30), encode_held(replace(HELD, input_epoch=0, input_partition=0)))
    world.produce(topic, held_key(0, 30), None)
    run_until_read(world, topic, 2)
    again = world.start(config={"group": f"{world.prefix}-again", "upserts_per_s_max": 50.0})
    try:
        until(
            lambda: world.committed(topic=topic, group=f"{world.prefix}-again-upserts")[0] >= 2, "read again", [again]
        )
    finally:
        again.send_signal(signal.SIGTERM)
        assert again.wait(10) == 0
    assert world.query(f"SELECT count() FROM {world.prefix}.held") == [(0,)]


def test_quarantine_keeps_the_bytes_until_it_is_solved(world: SinkWorld) -> None:
    topic, event = world.topics.quarantine, envelope("run", 3)
    readable = SINGLE_OBJECT + envelope_schema().fingerprint + encode_envelope(event)
    garbage = bytes(range(256))
    world.produce(topic, b"default/run", readable, quarantine_headers(1, **{headers.QUARANTINE_REASON: "self_cause"}))
    world.produce(topic, b"acme/x", garbage, quarantine_headers(2, **{headers.QUARANTINE_REASON: "undecodable"}))
    world.produce(topic, b"default/run", None, quarantine_headers(3, **{headers.QUARANTINE_REASON: "undecodable"}))
    run_until_read(world, topic, 3)
    columns = "input_offset, tenant_id, correlation_id, event_id, source_instance, source_seq, reason, hex(original)"
    query = f"SELECT {columns} FROM {world.prefix}.quarantine ORDER BY input_offset"
    found = [
        (1, "default", "run", event.event_id, "i1", 3, "self_cause", readable.hex().upper()),
        (2, "acme", "x", "", "", 0, "undecodable", garbage.hex().upper()),
        (3, "default", "run", "", "", 0, "undecodable", ""),
    ]
    assert world.query(query) == found

    world.produce(topic, b"acme/x", None, quarantine_headers(2))
    run_until_read(world, topic, 4)
    assert world.query(query) == [found[0], found[2]]
