"""A user's own projection that throws for a while: the insert fails with it, and heals with it."""

import pytest

from tests.faults.clickhouse_proxy import ClickHouseProxy
from tests.faults.healthy_sink import settle_with_a_healthy_sink
from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.pipeline.sequencer_installation import eventually

MEMORY_LIMIT_EXCEEDED = 241
THROWN = 395
"""FUNCTION_THROW_IF_VALUE_IS_NON_ZERO: no code that says "later"."""
MAY_CHOOSE_CODE = {"allow_custom_error_code_in_throwif": "1"}
THROWS = 3


def add_throwing_view(lab: Lab, code: str = "") -> None:
    """A projection that throws while the table `broken` has a row; its target shows every row that comes twice.

    `code`: third argument of throwIf, a code of its own choice, which its inserts must allow.
    """
    throwing = f"throwIf((SELECT count() FROM {lab.database}.broken) > 0, 'broken'{code})"
    for statement in (
        "CREATE TABLE {0}.broken (n UInt8) ENGINE = MergeTree ORDER BY n",
        "INSERT INTO {0}.broken VALUES (1)",
        "CREATE TABLE {0}.own (correlation_id String, sequence_no Int64) ENGINE = MergeTree ORDER BY correlation_id "
        "SETTINGS non_replicated_deduplication_window = 10000",
        "CREATE MATERIALIZED VIEW {0}.own_live TO {0}.own AS "
        f"SELECT correlation_id, sequence_no + {throwing} AS sequence_no FROM {{0}}.ledger",
    ):
        lab.client.command(statement.format(lab.database), settings=MAY_CHOOSE_CODE)


def mend(lab: Lab) -> None:
    lab.client.command(f"TRUNCATE TABLE {lab.database}.broken")


def assert_own_is_whole(lab: Lab, events: int) -> None:
    counted = f"SELECT count(), uniqExact(correlation_id, sequence_no) FROM {lab.database}.own"
    assert lab.client.query(counted).result_rows == [(events, events)]


@pytest.mark.usefixtures("unmerged")
def test_view_throws_a_few_times_what_may_pass_by_itself(lab: Lab) -> None:
    """The ledger's rows are in, other projections' too; the same insert again fills what is missing."""
    add_throwing_view(lab, f", toInt16({MEMORY_LIMIT_EXCEEDED})")
    with ClickHouseProxy(lab.url, "settings", 1_000_000, settings=MAY_CHOOSE_CODE) as proxy:
        proxy.on_insert = lambda before: mend(lab) if before == THROWS else None
        with lab.sequencer().running() as sequencer:
            sink = lab.sink(url=proxy.url).start()
            lab.send(lab.workload().inputs(900))
            lab.settle()
            assert sink.stop() == 0, sink.said()
            assert sequencer.stop() == 0, sequencer.said()
        assert proxy.codes == {str(MEMORY_LIMIT_EXCEEDED)}
    assert_own_is_whole(lab, 900)
    examine(lab, without_final=True)


@pytest.mark.slow_fault
def test_view_throws_until_it_is_mended(lab: Lab) -> None:
    """A refusal for good stops the sink loudly. What was refused together may be stored twice until it is merged."""
    add_throwing_view(lab)
    lab.send(lab.workload().inputs(900))
    with lab.sequencer().running():
        eventually(lambda: lab.sequenced() or None)
        sink = lab.sink(config={"linger_s": 1.0}).start()
        assert sink.wait() == 1, sink.said()
    said = sink.said()
    assert all(f"{lab.topics.ledger}/{partition} STOPPED" in said for partition in range(lab.partitions))
    assert f"ClickHouse refuses it ({THROWN})" in said
    mend(lab)
    settle_with_a_healthy_sink(lab)
    assert_own_is_whole(lab, 900)
    examine(lab)
