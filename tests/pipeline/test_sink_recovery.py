"""A sink that is killed at any step: its successor loses nothing and doubles nothing, with and without FINAL."""

import json
import signal
from collections.abc import Iterator

import pytest

from chatsnapshot_schemas.codec import decode_ledger_plain
from tests.faults.clickhouse_proxy import ClickHouseProxy
from tests.pipeline.sink_world import SinkWorld, until, what_it_said, worlds
from tests.unit.projections_sink.recorded import FRAME, ledger_values

SMALL = {"batch_records": 500, "instance_id": "one"}


@pytest.fixture
def world(kafka_bootstrap: str, clickhouse_url: str) -> Iterator[SinkWorld]:
    yield from worlds(kafka_bootstrap, clickhouse_url)


@pytest.fixture
def whole_world(kafka_bootstrap: str, clickhouse_url: str) -> Iterator[SinkWorld]:
    """With every projection of the product."""
    yield from worlds(kafka_bootstrap, clickhouse_url, has_projections=True)


def finish(world: SinkWorld, expected: int, **config: object) -> None:
    """Run a sink until everything is in and committed, end it by SIGTERM, and look at the tables."""
    sink = world.start(config={"instance_id": "one", **config})
    try:
        until(lambda: world.rows() >= expected, f"{expected} rows", [sink])
        ends = {partition: world.end_offset(partition) for partition in range(world.partitions)}
        until(lambda: all(world.committed(p) == (end, "") for p, end in ends.items()), "ends committed", [sink])
    finally:
        sink.send_signal(signal.SIGTERM)
        assert sink.wait(10) == 0
    world.assert_exactly(expected)


def test_every_record_is_in_the_table_as_it_is_in_the_topic(whole_world: SinkWorld) -> None:
    world = whole_world
    expected = world.record(1_200, abort_every=4, months=3)
    finish(world, expected)
    stored = {
        (row[0], row[1]): row[2:]
        for row in world.query(
            "SELECT correlation_id, sequence_no, hex(hash), hex(prev_hash), payload, toString(event_id), headers, "
            "source_instance, source_seq, payload_ref.sha256, toUnixTimestamp64Micro(recorded_at) "
            f"FROM {world.prefix}.ledger"
        )
    }
    assert len(stored) == expected
    for partition in range(world.partitions):
        for _key, value in ledger_values(1_200, partition=partition, runs=7, months=3):
            plain = decode_ledger_plain(value[len(FRAME) :])
            event = plain["envelope"]
            assert stored[event["correlation_id"], plain["sequence_no"]] == (
                plain["hash"].hex().upper(),
                plain["prev_hash"].hex().upper(),
                event["payload"],
                event["event_id"],
                event["headers"],
                event["source"]["instance"],
                event["source_seq"],
                event["payload_ref"] and event["payload_ref"]["sha256"],
                plain["recorded_at"],
            )


@pytest.mark.parametrize(
    ("step", "count", "is_announced"),
    [("closed", 1, False), ("announced", 2, True), ("inserting", 2, True), ("stored", 2, True)],
)
def test_killed_at_a_step_the_successor_goes_on_exactly(
    world: SinkWorld, step: str, count: int, is_announced: bool
) -> None:
    expected = world.record(1_300, transaction=90, abort_every=5)
    victim = world.start(config=SMALL, kill=[step, count])
    assert victim.wait(60) == -signal.SIGKILL, what_it_said(victim)
    found = [world.committed(partition) for partition in range(world.partitions)]
    assert any(metadata for _offset, metadata in found) == is_announced
    for offset, metadata in found:
        assert not metadata or json.loads(metadata)["pending"][0] == offset
    finish(world, expected)


def test_a_successor_with_other_limits_repeats_the_announced_range(world: SinkWorld) -> None:
    """With its own limits it would cut the range in two, and the token would not match what is in already."""
    expected = world.record(1_000)
    victim = world.start(config={"batch_records": 700, "linger_s": 5.0, "instance_id": "one"}, kill=["stored", 1])
    assert victim.wait(60) == -signal.SIGKILL
    announced = [metadata for p in range(world.partitions) if (metadata := world.committed(p)[1])]
    assert announced
    assert world.rows() >= 700
    finish(world, expected, batch_records=64, batch_bytes=8_000)


NEVER = 1_000_000
JOINED = {"batch_records": 5_000, "linger_s": 1.0, "instance_id": "one"}
"""Everything waits for company, so that both partitions go in together."""


@pytest.mark.parametrize("step", ["announced", "inserting", "stored"])
def test_partitions_that_went_in_together_are_repeated_together(whole_world: SinkWorld, step: str) -> None:
    world = whole_world
    expected = world.record(300, transaction=70, abort_every=3)
    victim = world.start(config=JOINED, kill=[step, 1])
    assert victim.wait(60) == -signal.SIGKILL, what_it_said(victim)
    announced = [json.loads(world.committed(partition)[1]) for partition in range(world.partitions)]
    assert [fields["v"] for fields in announced] == [2, 2]
    if step == "stored":
        assert world.rows() == expected
    finish(world, expected, batch_records=64)
    assert world.rows("run_items") == world.rows("run_items", final=True) == expected


def test_a_batch_whose_partitions_have_two_owners_by_now_is_in_once(world: SinkWorld) -> None:
    """Each of the two repeats the whole under the same token, and commits what it owns."""
    expected = world.record(300)
    short = {"session_timeout_s": 6.0}
    victim = world.start(config={**JOINED, **short}, kill=["stored", 1])
    assert victim.wait(60) == -signal.SIGKILL, what_it_said(victim)
    with ClickHouseProxy(world.url, "refuse", NEVER) as one, ClickHouseProxy(world.url, "refuse", NEVER) as other:
        ways = (one, other)
        heirs = [world.start(config=short, url=way.url) for way in ways]
        try:
            until(lambda: all(way.inserts for way in ways), "both try it", heirs)
            assert len({token for way in ways for token, _body in way.inserts}) == 1
            for way in ways:
                way.times = 0
            until(lambda: all(world.committed(p)[1] == "" for p in range(world.partitions)), "both committed", heirs)
        finally:
            for heir in heirs:
                heir.send_signal(signal.SIGTERM)
            assert [heir.wait(10) for heir in heirs] == [0, 0]
    world.assert_exactly(expected)


def test_killed_again_and_again_nothing_is_lost_or_doubled(whole_world: SinkWorld) -> None:
    world = whole_world
    kills = [("stored", 3), ("inserting", 2), ("stored", 1)]
    expected = world.record(600, transaction=50)
    for step, count in kills:
        victim = world.start(config={"batch_records": 90, "instance_id": "one"}, kill=[step, count])
        assert victim.wait(60) in (-signal.SIGKILL, 0)
    finish(world, expected)
    assert world.rows("run_items") == world.rows("run_items", final=True) == expected


def test_a_second_worker_takes_over_from_a_killed_one(world: SinkWorld) -> None:
    """Killed from outside, wherever it just was, while partitions move between the two."""
    expected = world.record(1_500)
    short = {"session_timeout_s": 6.0, "batch_records": 60, "inserts_per_s_max": 10.0}
    victim = world.start(config=short)
    until(lambda: world.rows() > 0, "the first rows", [victim])
    other = world.start(config=short)
    try:
        until(lambda: world.rows() > 500, "some rows", [victim, other])
        victim.kill()
        until(lambda: world.rows(final=True) >= expected, f"{expected} rows", [other])
    finally:
        victim.kill()
        other.send_signal(signal.SIGTERM)
        assert other.wait(10) == 0
    world.assert_exactly(expected)


def test_a_worker_that_leaves_hands_over(world: SinkWorld) -> None:
    expected = world.record(1_500)
    slow = {"batch_records": 60, "inserts_per_s_max": 10.0}
    first = world.start(config=slow)
    until(lambda: world.rows() > 0, "the first rows", [first])
    second = world.start(config=slow)
    try:
        until(lambda: world.rows() > 500, "some rows", [first, second])
        first.send_signal(signal.SIGTERM)
        assert first.wait(10) == 0
        until(lambda: world.rows() >= expected, f"{expected} rows", [second])
    finally:
        second.send_signal(signal.SIGTERM)
        assert second.wait(10) == 0
    world.assert_exactly(expected)
