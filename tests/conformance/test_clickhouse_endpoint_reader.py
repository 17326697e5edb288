"""The user `reader`: people's SQL reads tables, and nothing else, however it is spelled.

These hold for the embedded endpoint, which has no users; on a server the same user has grants and row policies.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from tests.conformance.clickhouse_server import connect, fresh_database

pytestmark = pytest.mark.parametrize("backend", ["embedded"], indirect=True)

REFUSED_CODES = {
    "164",  # READONLY
    "497",  # ACCESS_DENIED
    "358",  # INTO_OUTFILE_NOT_ALLOWED
    "62",  # SYNTAX_ERROR
    "60",  # UNKNOWN_TABLE: a path is no table
    "48",  # NOT_IMPLEMENTED: temporary tables
}


@pytest.fixture(scope="module")
def table(clickhouse_url: str) -> Iterator[str]:
    """A database with one table; no test here changes it."""
    with fresh_database(clickhouse_url) as name, httpx.Client(base_url=clickhouse_url, timeout=60) as http:
        http.post("/", content=f"CREATE TABLE {name}.t (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
        http.post("/", content=f"INSERT INTO {name}.t SELECT number, 'x' FROM numbers(10)")
        yield name
        assert http.post("/", content=f"SELECT count() FROM {name}.t").text == "10\n"


def ask(http: httpx.Client, database: str, sql: str, **parameters: Any) -> httpx.Response:
    headers = {"X-ClickHouse-User": "reader"}
    return http.post("/", params={"database": database} | parameters, content=sql, headers=headers)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count() FROM t",
        "WITH x AS (SELECT n FROM t) SELECT sum(n) FROM x JOIN t USING n FORMAT JSON",
        "SELECT * FROM t WHERE n IN (SELECT number FROM numbers(3)) ORDER BY n LIMIT 1 BY s",
        "SELECT format('{}', s), 'file(x)', `n` FROM t -- url('x')",
        "SELECT 1 FROM system.one",
        "EXPLAIN SELECT * FROM t",
        "DESCRIBE TABLE t",
        "SHOW TABLES",
        "SHOW CREATE TABLE t",
        "EXISTS TABLE t",
        "(SELECT 1) UNION ALL (SELECT 2)",
        "SELECT * FROM view(SELECT n FROM t)",
        "SELECT count() FROM {name:Identifier}",
        "SELECT quantile(0.5)(n), groupArray(s), sum(n) OVER (PARTITION BY s) FROM t GROUP BY n, s",
        "SELECT arrayMap(x -> x + 1, [1]), dictGetOrNull('missing', 'a', 1) FROM t WHERE 0",
    ],
)
def test_what_people_may_run(http: httpx.Client, table: str, sql: str) -> None:
    response = ask(http, table, sql, param_name="t")
    if "dictGet" in sql:
        assert "privileges" not in response.text
        return
    assert response.status_code == 200, response.text


FILE = "('/etc/passwd', 'LineAsString')"


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT * FROM file{FILE}",
        f'SELECT * FROM "file"{FILE}',
        f"SELECT * FROM `file`{FILE}",
        f"SELECT * FROM `fi\\x6ce`{FILE}",
        f"SELECT * FROM “file”{FILE}",
        f"SELECT * FROM FILE{FILE}",
        f"SELECT * FROM file/* */{FILE}",
        f"SELECT * FROM file -- x\n{FILE}",
        f"SELECT * FROM file\u00a0{FILE}",
        f"SELECT * FROM file\u3000{FILE}",
        f"SELECT * FROM t, file{FILE}",
        f"SELECT * FROM t WHERE s IN (SELECT * FROM file{FILE})",
        f"SELECT * FROM t WHERE s IN file{FILE}",
        f"SELECT * FROM view(SELECT * FROM file{FILE})",
        f"WITH x AS (SELECT * FROM file{FILE}) SELECT * FROM x",
        f"SELECT 1 LIMIT (SELECT count() FROM file{FILE})",
        f"DESCRIBE TABLE file{FILE}",
        f"EXPLAIN SELECT * FROM file{FILE}",
        f"SELECT 1 UNION ALL SELECT * FROM file{FILE}",
        "SELECT * REPLACE (file('/etc/passwd') AS s) FROM t",
        f"SELECT n, (SELECT 1 FROM file{FILE} LIMIT 1) FROM t ORDER BY n WITH FILL",
        "SELECT file('/etc/passwd')",
        "SELECT \"file\"('/etc/passwd')",
        "SELECT arrayMap(x -> file('/etc/passwd'), [1])",
        "SELECT arrayMap(file, ['/etc/passwd'])",
        "SELECT arrayMap(`fi\\x6ce`, ['/etc/passwd'])",
        "SELECT arrayMap({function:Identifier}, ['/etc/passwd'])",
        "SELECT s APPLY file FROM (SELECT '/etc/passwd' AS s)",
        "SELECT * APPLY(file) FROM (SELECT '/etc/passwd' AS s)",
        "SELECT COLUMNS('s') APPLY (x -> file(x)) FROM (SELECT '/etc/passwd' AS s)",
        "SELECT '/etc/passwd' AS s, arrayMap(f, [s]) FROM (SELECT 1) AS file",
        "SELECT * FROM t WHERE arrayExists(file, [s])",
        "SELECT * FROM t ORDER BY file('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM `/etc/passwd`",
        "SELECT * FROM default.`/etc/passwd`",
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
        "SELECT * FROM s3('http://127.0.0.1:1/x')",
        "SELECT * FROM remote('127.0.0.1', system.tables)",
        "SELECT * FROM cluster('x', system.tables)",
        "SELECT * FROM merge('system', '.*')",
        "SELECT * FROM python('x')",
        "SELECT * FROM Python(x)",
        "SELECT * FROM executable('id', 'TSV', 'x String')",
        "SELECT * FROM sqlite('/tmp/x', 't')",
        "SELECT * FROM eval('SELECT 1')",
        "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT 1))",
        "SELECT * FROM system.tables",
        "SELECT * FROM `system`.tables",
        'SELECT * FROM "system" . "tables"',
        "SELECT * FROM system/**/.tables",
        "SELECT * FROM “system”.tables",
        "SELECT 'x' IN system.tables",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM INFORMATION_SCHEMA.tables",
        "SELECT * FROM {database:Identifier}.tables",
        "SHOW TABLES FROM system",
        "SHOW DATABASES LIKE 'x' INTO OUTFILE '/tmp/x'",
        "SHOW PROCESSLIST",
        "SHOW GRANTS",
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "SELECT 1 into/**/outfile '/tmp/x'",
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT 1 SETTINGS max_threads = 1",
        "SELECT * FROM (SELECT 1 SETTINGS max_execution_time = 0)",
        "SET readonly = 0",
        "SELECT 1; SET readonly = 0",
        "INSERT INTO t VALUES (1, 'x')",
        "INSERT INTO FUNCTION file('/tmp/x', 'TSV', 'n Int8') VALUES (1)",
        "INSERT INTO t SELECT 1, 'x'",
        "WITH 1 AS x INSERT INTO t SELECT x, 'x'",
        "CREATE TABLE u (n Int8) ENGINE = Memory",
        "CREATE TEMPORARY TABLE u (n Int8)",
        "DROP TABLE t",
        "TRUNCATE TABLE t",
        "ALTER TABLE t DELETE WHERE 1",
        "SYSTEM STOP MERGES",
        "KILL QUERY WHERE 1",
        "USE system",
        "EXECUTE AS default SELECT 1",
        "OPTIMIZE TABLE t",
        "BACKUP TABLE t TO File('x')",
    ],
)
def test_what_people_may_not_run(http: httpx.Client, table: str, sql: str) -> None:
    response = ask(http, table, sql, param_database="system", param_function="file")
    assert response.headers.get("x-clickhouse-exception-code") in REFUSED_CODES, response.text[:300]
    assert "root:" not in response.text


def test_the_system_database_is_no_way_round(http: httpx.Client) -> None:
    assert ask(http, "system", "SELECT * FROM tables").headers["x-clickhouse-exception-code"] == "497"


def test_limits_and_filters_of_the_request_hold(http: httpx.Client, table: str) -> None:
    filters = f"{{'{table}.t': 'n < 3'}}"
    assert ask(http, table, "SELECT count() FROM t", additional_table_filters=filters).text == "3\n"
    assert ask(http, table, "SELECT * FROM t", max_result_rows=2).headers["x-clickhouse-exception-code"] == "396"
    slow = ask(http, table, "SELECT sleepEachRow(0.1) FROM t", max_execution_time=0.2, max_block_size=1)
    assert slow.headers["x-clickhouse-exception-code"] == "159"
    refused = ask(http, table, "DROP TABLE t", readonly=0)
    assert refused.headers["x-clickhouse-exception-code"] == "164"


def test_the_name_is_read_in_every_place(http: httpx.Client, table: str) -> None:
    for options in (
        {"auth": ("reader", "")},
        {"headers": {"X-ClickHouse-User": "reader"}},
        {"params": {"user": "reader"}},
    ):
        arguments: dict[str, Any] = {"content": f"DROP TABLE {table}.t"} | options
        assert http.post("/", **arguments).headers["x-clickhouse-exception-code"] == "164"


def test_an_unmodified_client_connects_as_reader(clickhouse_url: str, table: str) -> None:
    client = connect(clickhouse_url, database=table, username="reader")
    assert client.query("SELECT count() FROM t WHERE n > {n:UInt8}", parameters={"n": 4}).first_row == (5,)
    with pytest.raises(DatabaseError) as caught:
        client.command("DROP TABLE t")
    assert caught.value.name == "READONLY"
    client.close()
