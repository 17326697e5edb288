"""What the sink does when ClickHouse does not answer, refuses, or is not there."""

import json
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from chatsnapshot_projections import sink, sink_consumer
from chatsnapshot_projections.sink_config import SinkConfig
from chatsnapshot_schemas.connections import ClickHouseConnection, KafkaConnection, TopicNames
from chatsnapshot_schemas.errors import BrokerUnavailable, ConfigurationError
from tests.faults.clickhouse_proxy import ClickHouseProxy, Harm
from tests.pipeline.sink_world import SinkWorld, until, what_it_said, worlds


@pytest.fixture
def world(kafka_bootstrap: str, clickhouse_url: str) -> Iterator[SinkWorld]:
    yield from worlds(kafka_bootstrap, clickhouse_url)


@contextmanager
def running(world: SinkWorld, **options: object) -> Iterator["subprocess.Popen[str]"]:
    """A sink that ends when it is asked to."""
    process = world.start(**options)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


@pytest.mark.parametrize(("harm", "times"), [("swallow", 5), ("refuse", 3)])
def test_a_lost_answer_is_asked_for_again_with_the_same_bytes_under_the_same_token(
    world: SinkWorld, harm: Harm, times: int
) -> None:
    """Swallowed: each attempt was stored. Refused: none was. The sink cannot tell them apart and need not."""
    expected = world.record(900)
    with ClickHouseProxy(world.url, harm, times) as cutter:
        with running(world, url=cutter.url, config={"batch_records": 300}) as process:
            until(lambda: world.rows() >= expected, f"{expected} rows", [process])
            until(lambda: world.committed()[1] == "", "the last commit", [process])
        attempts = Counter(token for token, _body in cutter.inserts)
        assert sum(attempts.values()) > len(attempts), "nothing was repeated"
        bodies = {token: {body for each, body in cutter.inserts if each == token} for token in attempts}
        assert all(len(different) == 1 for different in bodies.values())
    world.assert_exactly(expected)


def test_while_clickhouse_is_away_the_sink_waits_and_then_catches_up(world: SinkWorld) -> None:
    expected = world.record(400)
    with ClickHouseProxy(world.url, "refuse", 1_000_000, refused_code=210) as cutter:
        # so short an interval between polls that a sink which waits for ClickHouse would lose its partitions
        impatient = {"max_poll_interval_s": 6.0, "session_timeout_s": 6.0, "insert_timeout_s": 2.0}
        with running(world, url=cutter.url, config=impatient) as process:
            until(lambda: len(cutter.inserts) >= 8, "eight attempts", [process])
            assert world.rows() == 0
            assert any('"pending"' in world.committed(partition)[1] for partition in range(world.partitions))
            cutter.times = 0
            until(lambda: world.rows() >= expected, f"{expected} rows", [process])
        assert len({token for token, _body in cutter.inserts}) <= world.partitions + 2
    world.assert_exactly(expected)


def test_a_refusal_for_good_stops_loudly_and_nothing_is_skipped(world: SinkWorld) -> None:
    expected = world.record(300)
    world.client.command(f"RENAME TABLE {world.prefix}.ledger TO {world.prefix}.elsewhere")
    process = world.start()
    assert process.wait(60) == 1
    said = what_it_said(process)
    for partition in range(world.partitions):
        assert f"{world.topics.ledger}/{partition} STOPPED" in said
    assert "(60)" in said
    announced = [json.loads(world.committed(partition)[1]) for partition in range(world.partitions)]
    assert [fields["pending"][0] for fields in announced] == [0] * world.partitions

    world.client.command(f"RENAME TABLE {world.prefix}.elsewhere TO {world.prefix}.ledger")
    with running(world) as process:
        until(lambda: world.rows() >= expected, f"{expected} rows", [process])
    assert world.rows() == expected


def test_one_bad_partition_stops_alone_behind_its_last_good_record(world: SinkWorld) -> None:
    world.record(200)
    world.produce(world.topics.ledger, b"default/run", b"not a ledger record")
    bad_at = world.end_offset() - 1
    world.record(200, transaction=10_000)
    with running(world) as process:
        until(lambda: world.committed(1) == (world.end_offset(1), ""), "the other partition's end", [process])
        until(lambda: world.committed(0)[0] >= bad_at - 1, "the commit before it", [process])
    said = what_it_said(process)
    assert f"{world.topics.ledger}/0 STOPPED" in said
    assert f"offset {bad_at}" in said
    assert f"{world.topics.ledger}/1 STOPPED" not in said
    offset, metadata = world.committed(0)
    assert (offset, metadata) == (bad_at - 1, "")  # a transaction marker stands before it
    assert world.query(f"SELECT uniqExact(hash) FROM {world.prefix}.ledger WHERE input_partition = 0") == [(200,)]


def test_a_row_that_a_projection_refuses_stops_its_partition_and_no_other(world: SinkWorld) -> None:
    """They went in together: what one of them spoils, the other must not pay for."""
    world.record(100)
    world.client.command(
        f"CREATE MATERIALIZED VIEW {world.prefix}.picky TO {world.prefix}.seen AS SELECT correlation_id, "
        "throwIf(input_partition = 1 AND sequence_no = 3) + sequence_no AS sequence_no "
        f"FROM {world.prefix}.ledger WHERE input_partition = 1"
    )
    with running(world, config={"linger_s": 1.0, "batch_records": 5_000}) as process:
        until(lambda: world.committed(0) == (world.end_offset(0), ""), "the other partition's end", [process])
        until(lambda: f"{world.topics.ledger}/1 STOPPED" in what_it_said(process), "the stop", [process])
    said = what_it_said(process)
    assert "one by one" in said
    assert f"{world.topics.ledger}/0 STOPPED" not in said
    assert world.committed(1)[0] == 0
    world.client.command(f"DROP TABLE {world.prefix}.picky")
    with running(world) as process:
        until(lambda: world.committed(1) == (world.end_offset(1), ""), "the end", [process])
    assert world.rows(final=True) == 200


def config(bootstrap: str, prefix: str) -> SinkConfig:
    return SinkConfig(
        kafka=KafkaConnection(bootstrap_servers=bootstrap),
        clickhouse=ClickHouseConnection(url="http://127.0.0.1:1"),
        topics=TopicNames(prefix=prefix),
    )


def test_a_broker_that_is_not_there_is_said_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sink_consumer, "FIRST_ANSWER_WITHIN_S", 1.0)
    with pytest.raises(BrokerUnavailable, match=r"Kafka at 127\.0\.0\.1:1 does not answer"):
        sink.serve(config("127.0.0.1:1", "t"), threading.Event())


def test_missing_topics_are_named_with_the_way_out(kafka_bootstrap: str) -> None:
    with pytest.raises(ConfigurationError, match=r"nothing.*does not exist: run `chatsnapshot migrate`"):
        sink.serve(config(kafka_bootstrap, "nothing"), threading.Event())


def test_the_second_sink_of_an_instance_id_ends_the_first(world: SinkWorld) -> None:
    world.record(10)
    first = world.start(config={"instance_id": "one"})
    until(lambda: world.rows() > 0, "the first rows", [first])
    with running(world, config={"instance_id": "one"}):
        assert first.wait(60) == 1
    assert "AlreadyRunning: another sink runs under the same instance id" in what_it_said(first)
