"""An unmodified clickhouse-connect client, sync and async, against the endpoint."""

import asyncio
import datetime
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from tests.conformance.clickhouse_server import connect

ROWS = 100_000


def test_queries_with_parameters_of_every_common_type(client: Any) -> None:
    result = client.query(
        "SELECT {s:String}, {n:Int64}, {a:Array(String)}, {d:DateTime64(6, 'UTC')}, {x:Nullable(String)}, {t:String}",
        parameters={
            "s": "it's \\ a\ttab\nline ü",
            "n": -5,
            "a": ["x", "y'z"],
            "d": datetime.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=datetime.UTC),
            "x": None,
            "t": "{s:String}; DROP TABLE x --",
        },
    )
    assert result.result_rows == [
        (
            "it's \\ a\ttab\nline ü",
            -5,
            ["x", "y'z"],
            datetime.datetime(2026, 1, 2, 3, 4, 5, 678901),
            None,
            "{s:String}; DROP TABLE x --",
        )
    ]


def test_many_parameters_travel_as_a_form(client: Any) -> None:
    ids = [f"id-{number}" for number in range(3000)]
    result = client.query("SELECT length({ids:Array(String)}), {ids:Array(String)}[-1]", parameters={"ids": ids})
    assert result.result_rows == [(3000, "id-2999")]


def test_settings_hold_for_one_query_only(client: Any) -> None:
    query = "SELECT getSetting('max_block_size'), getSetting('max_threads')"
    plain = client.query(query).result_rows
    assert client.query(query, settings={"max_block_size": 777, "max_threads": 1}).result_rows == [(777, 1)]
    assert client.query(query).result_rows == plain


def test_an_insert_of_many_blocks_and_all_types_reads_back(client: Any) -> None:
    client.command(
        "CREATE TABLE t (n UInt64, s String, l LowCardinality(String), m Map(String, String), d Decimal(38, 12),"
        " w Nullable(DateTime64(6, 'UTC')), f FixedString(4)) ENGINE = MergeTree ORDER BY n"
    )
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    rows = [
        (n, f"row {n}", f"kind {n % 3}", {"k": str(n)}, Decimal(n) / 8, now if n % 2 else None, b"abcd")
        for n in range(ROWS)
    ]
    summary = client.insert("t", rows, column_names=["n", "s", "l", "m", "d", "w", "f"])
    assert summary.written_rows == ROWS
    assert client.query("SELECT count(), sum(n), uniqExact(s) FROM t").result_rows == [(ROWS, sum(range(ROWS)), ROWS)]
    assert client.query("SELECT * FROM t ORDER BY n LIMIT 2 OFFSET 7").result_rows == [
        (*row[:5], row[5] and row[5].replace(tzinfo=None), row[6]) for row in rows[7:9]
    ]


@pytest.mark.parametrize("compress", ["lz4", "zstd", "gzip", "deflate", False])
def test_compression_both_ways(clickhouse_url: str, database: str, compress: str | bool) -> None:
    client = connect(clickhouse_url, database=database, compress=compress)
    client.command("CREATE TABLE t (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
    write = {"compression": compress} if compress and compress != "deflate" else {}
    if compress == "deflate":
        client.write_compression = None
    client.insert("t", [(n, "x" * 50) for n in range(20_000)], column_names=["n", "s"])
    client.raw_insert("t", insert_block=_compressed(b"99999999\tlast\n", write.get("compression")), fmt="TSV", **write)
    assert client.query("SELECT count(), max(n) FROM t").result_rows == [(20_001, 99_999_999)]
    assert len(client.query("SELECT * FROM t ORDER BY n").result_rows) == 20_001
    client.close()


def _compressed(data: bytes, coding: str | None) -> bytes:
    if coding == "lz4":
        import lz4.frame

        return bytes(lz4.frame.compress(data))
    if coding == "zstd":
        import zstandard

        return zstandard.compress(data)
    if coding == "gzip":
        import gzip

        return gzip.compress(data)
    return data


def test_results_stream(client: Any) -> None:
    total = 0
    with client.query_row_block_stream("SELECT number FROM numbers(2000000)") as stream:
        for block in stream:
            total += len(block)
    assert total == 2_000_000


def test_an_error_in_the_middle_of_a_stream_reaches_the_reader(client: Any) -> None:
    query = "SELECT throwIf(number = 3000000, 'planted'), repeat('x', 100) FROM numbers(4000000)"
    with (
        pytest.raises(DatabaseError, match="planted"),
        client.query_row_block_stream(query, settings={"max_threads": 1}) as stream,
    ):
        for _ in stream:
            pass


def test_error_codes_and_names(client: Any) -> None:
    for query, code, name in (
        ("SELECT * FROM missing", 60, "UNKNOWN_TABLE"),
        ("SELECT missing_column", 47, "UNKNOWN_IDENTIFIER"),
        ("SELECT (1", 62, "SYNTAX_ERROR"),
        ("SELECT missing_function(1)", 46, "UNKNOWN_FUNCTION"),
    ):
        with pytest.raises(DatabaseError) as caught:
            client.query(query)
        assert (caught.value.code, caught.value.name) == (code, name), query


def test_a_failed_insert_names_its_cause_and_writes_nothing(client: Any) -> None:
    client.command("CREATE TABLE t (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
    with pytest.raises(DatabaseError) as caught:
        client.raw_insert("t", insert_block="1\tone\nx\ttwo\n", fmt="TSV")
    assert (caught.value.code, caught.value.name) == (27, "CANNOT_PARSE_INPUT_ASSERTION_FAILED")
    with pytest.raises(DatabaseError) as caught:
        client.raw_insert("missing", insert_block="1\n", fmt="TSV")
    assert (caught.value.code, caught.value.name) == (60, "UNKNOWN_TABLE")
    assert client.command("SELECT count() FROM t") == 0


def test_commands_and_empty_results(client: Any) -> None:
    client.command("CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n")
    assert client.command("INSERT INTO t VALUES (1), (2), (3)").written_rows == 3
    client.command("INSERT INTO t SELECT number FROM numbers(10)")
    assert client.command("SELECT count() FROM t") == 13
    assert client.command("EXISTS TABLE t") == 1
    assert client.command("SELECT n FROM t WHERE n > 100") == ""
    assert client.query("SELECT n FROM t WHERE n > 100").result_rows == []
    assert client.query("SELECT n FROM t LIMIT 0").column_names == ("n",)
    client.command("ALTER TABLE t DELETE WHERE n = 1", settings={"mutations_sync": 1})
    client.command("OPTIMIZE TABLE t FINAL")
    assert client.command("SELECT countIf(n = 1) FROM t") == 0
    client.command("DROP TABLE t")


def test_eight_clients_at_once(clickhouse_url: str, database: str, client: Any) -> None:
    client.command("CREATE TABLE t (who UInt8, n UInt64) ENGINE = MergeTree ORDER BY (who, n)")

    def work(who: int) -> tuple[int, int]:
        own = connect(clickhouse_url, database=database)
        for batch in range(3):
            own.insert("t", [(who, batch * 1000 + n) for n in range(1000)], column_names=["who", "n"])
            own.query("SELECT sum(n) FROM t", settings={"max_block_size": 1000 + who})
        counted: int = own.command(f"SELECT count() FROM t WHERE who = {who}")
        setting: int = own.query(
            "SELECT getSetting('max_block_size')", settings={"max_block_size": 5000 + who}
        ).first_row[0]
        own.close()
        return counted, setting

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(work, range(8))) == [(3000, 5000 + who) for who in range(8)]


def test_slow_queries_do_not_stop_an_insert(clickhouse_url: str, database: str, client: Any) -> None:
    client.command("CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n")
    slow = "SELECT sum(sleepEachRow(0.1)) FROM numbers(1000) SETTINGS max_block_size = 1"

    def ask(_: int) -> str:
        own = connect(clickhouse_url, database=database)
        try:
            own.query(slow, settings={"max_execution_time": 4})
        except DatabaseError as error:
            return str(error.name)
        finally:
            own.close()
        return "ended"

    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(ask, number) for number in range(8)]
        while client.command("SELECT count() FROM system.processes WHERE query LIKE '%sum(sleepEachRow%'") < 8:
            pass
        for number in range(5):
            client.insert("t", [(number,)], column_names=["n"])
        assert not any(future.done() for future in asked)
        assert {future.result() for future in asked} == {"TIMEOUT_EXCEEDED"}
    assert client.command("SELECT count() FROM t") == 5


async def test_the_async_client(clickhouse_url: str, database: str) -> None:
    parts = urlsplit(clickhouse_url)
    client = await clickhouse_connect.get_async_client(host=parts.hostname, port=parts.port, database=database)
    await client.command("CREATE TABLE t (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
    summary = await client.insert("t", [(n, f"row {n}") for n in range(ROWS)], column_names=["n", "s"])
    assert summary.written_rows == ROWS
    counts = await asyncio.gather(
        *(client.query("SELECT count(), {n:UInt8} FROM t", parameters={"n": n}) for n in range(6))
    )
    assert [result.first_row for result in counts] == [(ROWS, n) for n in range(6)]
    total = 0
    async with await client.query_row_block_stream("SELECT * FROM t") as stream:
        async for block in stream:
            total += len(block)
    assert total == ROWS
    with pytest.raises(DatabaseError) as caught:
        await client.query("SELECT * FROM missing")
    assert caught.value.code == 60
    await client.close()


def test_a_session_id_is_accepted(clickhouse_url: str, database: str) -> None:
    client = connect(clickhouse_url, database=database, session_id="some-session", autogenerate_session_id=True)
    assert client.command("SELECT 1") == 1
    client.close()


def test_query_ids_and_arrow(client: Any) -> None:
    assert client.query("SELECT 1", settings={"query_id": "my-query"}).query_id == "my-query"
    table = client.query_arrow("SELECT number AS n FROM numbers(10)")
    assert table.column("n").to_pylist() == list(range(10))
