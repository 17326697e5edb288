"""What curl and other plain HTTP clients see: query string, body, headers, statuses, codings."""

import gzip
import json
import zlib
from typing import Any

import httpx
import lz4.frame
import pytest
import zstandard

TABLE = "CREATE TABLE {}.t (n UInt64, s String) ENGINE = MergeTree ORDER BY n"


def post(http: httpx.Client, sql: str | bytes, expect: int = 200, **parameters: Any) -> httpx.Response:
    response = http.post("/", params=parameters, content=sql)
    assert response.status_code == expect, response.text
    return response


def rows(http: httpx.Client, database: str) -> list[list[str]]:
    text = post(http, "SELECT * FROM t ORDER BY n, s", database=database).text
    return [line.split("\t") for line in text.splitlines()]


def test_ping_and_the_empty_request(http: httpx.Client) -> None:
    for path in ("/ping", "/replicas_status", "/"):
        assert http.get(path).text == "Ok.\n"
    assert http.head("/ping").status_code == 200
    assert http.get("/nowhere").status_code == 404


def test_a_query_in_the_url_in_the_body_and_in_both(http: httpx.Client) -> None:
    assert http.get("/", params={"query": "SELECT 1"}).text == "1\n"
    assert post(http, "SELECT 2;").text == "2\n"
    assert post(http, "number FROM numbers(3)", query="SELECT").text == "0\n1\n2\n"
    assert post(http, "SELECT 'ü', '\\xff' -- a comment").content == "ü\t".encode() + b"\xff\n"


def test_formats_and_their_headers(http: httpx.Client) -> None:
    response = post(http, "SELECT number AS n FROM numbers(2) FORMAT JSON", wait_end_of_query=1)
    assert response.json()["data"] == [{"n": 0}, {"n": 1}]
    assert response.headers["x-clickhouse-format"] == "JSON"
    assert response.headers["content-type"].startswith("application/json")
    response = post(http, "SELECT number AS n FROM numbers(2)", default_format="CSVWithNames")
    assert response.text == '"n"\n0\n1\n'
    assert response.headers["x-clickhouse-format"] == "CSVWithNames"
    assert post(http, "SELECT 1 AS format FORMAT CSV SETTINGS max_threads = 1").text == "1\n"
    assert post(http, "SELECT 1 AS x SETTINGS max_threads = 1 FORMAT JSONEachRow").json() == {"x": 1}
    assert post(http, "(SELECT 1) UNION ALL (SELECT 1) FORMAT TSV").text == "1\n1\n"
    assert post(http, "SHOW DATABASES LIKE 'system' SETTINGS max_threads = 1").text == "system\n"
    assert post(http, "SELECT 1 WHERE 0 FORMAT CSVWithNames").text == '"1"\n'


def test_headers_that_clients_read(http: httpx.Client) -> None:
    response = post(http, "SELECT count() FROM numbers(10)", query_id="q-1", wait_end_of_query=1)
    assert response.headers["x-clickhouse-query-id"] == "q-1"
    assert response.headers["x-clickhouse-timezone"]
    assert response.headers["x-clickhouse-server-display-name"]
    assert json.loads(response.headers["x-clickhouse-summary"])["read_rows"] == "10"


@pytest.mark.parametrize(
    ("sql", "status", "code", "name"),
    [
        ("SELECT * FROM missing", 404, 60, "UNKNOWN_TABLE"),
        ("SELECT 1 +", 400, 62, "SYNTAX_ERROR"),
        ("SELEC 1", 400, 62, "SYNTAX_ERROR"),
        ("SELECT missing", 404, 47, "UNKNOWN_IDENTIFIER"),
        ("SELECT 1 FORMAT Missing", 404, 73, "UNKNOWN_FORMAT"),
        ("SELECT throwIf(1)", 500, 395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
        ("SELECT 1; SELECT 2", 400, 62, "SYNTAX_ERROR"),
        ("SELECT 1 INTO OUTFILE '/tmp/x'", 500, 358, "INTO_OUTFILE_NOT_ALLOWED"),
        ("", 400, 62, "SYNTAX_ERROR"),
        ("SELECT {missing:String}", 500, 456, "UNKNOWN_QUERY_PARAMETER"),
    ],
)
def test_errors_have_code_name_status_and_version(
    http: httpx.Client, sql: str, status: int, code: int, name: str
) -> None:
    response = http.post("/", content=sql)
    assert (response.status_code, response.headers.get("x-clickhouse-exception-code")) == (status, str(code))
    assert response.text.startswith(f"Code: {code}. DB::Exception: ")
    assert f" ({name}) (version " in response.text
    assert "/dev/fd" not in response.text
    assert response.text.count("DB::Exception") == 1


def test_an_unknown_setting_or_database_is_an_error(http: httpx.Client) -> None:
    assert post(http, "SELECT 1", expect=404, no_such_setting=1).headers["x-clickhouse-exception-code"] == "115"
    assert post(http, "SELECT 1", expect=404, database="missing").headers["x-clickhouse-exception-code"] == "81"


def test_get_is_read_only(http: httpx.Client, database: str) -> None:
    for sql in ("CREATE TABLE x (n Int8) ENGINE = Memory", "INSERT INTO x VALUES (1)", "DROP TABLE IF EXISTS x"):
        response = http.get("/", params={"query": sql, "database": database})
        assert response.headers["x-clickhouse-exception-code"] == "164", sql
    assert http.get("/", params={"query": "SELECT 1", "max_threads": 1}).text == "1\n"


def test_nothing_leaks_from_one_request_into_the_next(http: httpx.Client, database: str) -> None:
    post(http, "SET max_block_size = 123")
    post(http, f"USE {database}")
    post(http, "SELECT throwIf(1)", expect=500, max_block_size=124)
    assert post(http, "SELECT getSetting('max_block_size') IN (123, 124), currentDatabase()").text == "0\tdefault\n"


def test_parameters_with_every_kind_of_type(http: httpx.Client, database: str) -> None:
    sql = "SELECT {s:String}, {a:Array(UInt8)}, {m:Map(String, UInt8)}, {d:Date}, {n:Nullable(String)} IS NULL"
    sql += " FORMAT JSONCompact"
    response = post(
        http, sql, param_s="tab\\tquote'\\\\", param_a="[1,2]", param_m="{'k':1}", param_d="2026-01-02", param_n="\\N"
    )
    assert response.json()["data"] == [["tab\tquote'\\", [1, 2], {"k": 1}, "2026-01-02", 1]]
    post(http, TABLE.format(database))
    post(http, "INSERT INTO {t:Identifier} VALUES (1, {s:String})", database=database, param_t="t", param_s="v")
    assert rows(http, database) == [["1", "v"]]


@pytest.mark.parametrize("coding", ["lz4", "zstd", "gzip", "deflate"])
def test_responses_in_every_coding(http: httpx.Client, coding: str) -> None:
    decoders: dict[str, Any] = {
        "lz4": lz4.frame.decompress,
        "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
        "gzip": gzip.decompress,
        "deflate": zlib.decompress,
    }
    with http.stream(
        "POST",
        "/",
        params={"enable_http_compression": 1},
        content="SELECT number FROM numbers(200000)",
        headers={"Accept-Encoding": coding},
    ) as response:
        coded = b"".join(response.iter_raw())
    assert response.headers["content-encoding"] == coding
    assert decoders[coding](coded) == b"".join(b"%d\n" % number for number in range(200_000))
    plain = http.post("/", content="SELECT 1", headers={"Accept-Encoding": coding})
    assert "content-encoding" not in plain.headers


@pytest.mark.parametrize("coding", ["lz4", "zstd", "gzip", "deflate"])
def test_bodies_of_several_frames_in_every_coding(http: httpx.Client, database: str, coding: str) -> None:
    encoders: dict[str, Any] = {
        "lz4": lz4.frame.compress,
        "zstd": zstandard.compress,
        "gzip": gzip.compress,
        "deflate": zlib.compress,
    }
    post(http, TABLE.format(database))
    lines = [b"INSERT INTO t FORMAT TSV\n"] + [b"%d\tvalue\n" % n for n in range(5000)]
    body = b"".join(encoders[coding](b"".join(lines[at : at + 500])) for at in range(0, len(lines), 500))
    response = http.post("/", params={"database": database}, content=body, headers={"Content-Encoding": coding})
    assert response.status_code == 200, response.text
    assert json.loads(response.headers["x-clickhouse-summary"])["written_rows"] == "5000"
    broken = http.post("/", params={"database": database}, content=body[:-3], headers={"Content-Encoding": coding})
    assert broken.status_code >= 400
    assert len(rows(http, database)) == 5000


def test_an_unknown_coding_is_refused(http: httpx.Client) -> None:
    response = http.post("/", content=b"x", headers={"Content-Encoding": "made-up"})
    assert response.status_code >= 400
    assert "(UNKNOWN_COMPRESSION_METHOD)" in response.text


INSERTS = [
    ("INSERT INTO t FORMAT TSV", "1\ta\n2\tb\n"),
    ("", "INSERT INTO t FORMAT TSV\n1\ta\n2\tb\n"),
    ("", "INSERT INTO t FORMAT TSV  \r\n1\ta\n2\tb"),
    ("", 'insert into t (s, n) format CSV\n"a",1\nb,2\n'),
    ("", "INSERT INTO \"t\" (`n`, \"s\") VALUES (1, 'a'), (2, 'b');"),
    ("INSERT INTO t VALUES", "(1, 'a'), (2, lower('B'))"),
    ("", "INSERT INTO TABLE t VALUES (1,'a'),(2,'b')"),
    ("", "-- VALUES in a comment\nINSERT /* FORMAT CSV */ INTO t\n(n, -- number\n s)\nVALUES\n(1, 'a')\n,\n(2, 'b')"),
    ("", "INSERT INTO t SETTINGS async_insert = 0, max_threads = 1 VALUES (1, 'a') (2, 'b')"),
    ("INSERT INTO t (n, s) SETTINGS input_format_csv_skip_first_lines=1 FORMAT CSV", "header\n1,a\n2,b\n"),
    ("INSERT INTO t FORMAT JSONEachRow", '{"n": 1, "s": "a"}\n{"s": "b", "n": "2"}'),
    ("", "INSERT INTO t SELECT number + 1, char(97 + number) FROM numbers(2)"),
    ("", "INSERT INTO t (n, s) WITH 'a' AS x SELECT 1, x UNION ALL SELECT 2, 'b'"),
    ("", "WITH 'a' AS x INSERT INTO t SELECT 1, x UNION ALL SELECT 2, 'b'"),
    ("", "INSERT INTO t (* EXCEPT (s), s) FORMAT CSV 1,a\n2,b\n"),
    ("", "INSERT INTO t (SELECT 1, 'a' UNION ALL SELECT 2, 'b')"),
]


@pytest.mark.parametrize(("in_url", "in_body"), INSERTS)
def test_the_forms_of_insert(http: httpx.Client, database: str, in_url: str, in_body: str) -> None:
    post(http, TABLE.format(database))
    post(http, in_body, database=database, **({"query": in_url} if in_url else {}))
    assert rows(http, database) == [["1", "a"], ["2", "b"]]


def test_tables_with_names_of_keywords(http: httpx.Client, database: str) -> None:
    for name in ("values", "format", "settings", "`my table`", '"quo""ted"'):
        post(http, f"CREATE TABLE {name} (n UInt8) ENGINE = Memory", database=database)
        post(http, f"INSERT INTO {database}.{name} VALUES (1)")
        post(http, f"INSERT INTO {name} FORMAT CSV\n2\n", database=database)
        assert post(http, f"SELECT sum(n) FROM {name}", database=database).text == "3\n"


def test_an_empty_insert_writes_nothing(http: httpx.Client, database: str) -> None:
    post(http, TABLE.format(database))
    for form in ("CSV", "JSONEachRow", "Native", "Values"):
        post(http, "", query=f"INSERT INTO t FORMAT {form}", database=database)
    assert rows(http, database) == []


def test_data_are_data_whatever_they_look_like(http: httpx.Client, database: str) -> None:
    post(http, TABLE.format(database))
    text = "x; DROP TABLE t; INSERT INTO t FORMAT CSV"
    post(http, f"INSERT INTO t FORMAT TSV\n1\t{text}\n2\t' /* unclosed\n", database=database)
    post(http, b"INSERT INTO t FORMAT TSV\n3\t\xff\xfe\n", database=database)
    assert post(http, "SELECT count(), max(length(s)) FROM t", database=database).text == f"3\t{len(text)}\n"


def test_an_insert_with_a_column_that_is_missing_fails(http: httpx.Client, database: str) -> None:
    post(http, TABLE.format(database))
    response = post(http, "INSERT INTO t (missing) FORMAT CSV\n1\n", expect=500, database=database)
    assert "(NO_SUCH_COLUMN_IN_TABLE)" in response.text
    response = post(http, "INSERT INTO t FORMAT CSV\n1,a\nx,b\n", expect=400, database=database)
    assert "(CANNOT_PARSE_INPUT_ASSERTION_FAILED)" in response.text
    assert "requests" not in response.text
    assert rows(http, database) == []


def test_what_needs_a_session_is_refused_clearly(http: httpx.Client) -> None:
    assert post(http, "SELECT 1", session_id="s", session_timeout=60).text == "1\n"
    assert (
        "(SESSION_NOT_FOUND)" in http.post("/", params={"session_id": "s", "session_check": 1}, content="SELECT 1").text
    )


def test_users_are_accepted_by_every_way(http: httpx.Client) -> None:
    assert http.post("/", content="SELECT 1", auth=("default", "")).text == "1\n"
    assert http.post("/", content="SELECT 1", headers={"X-ClickHouse-User": "default"}).text == "1\n"
    assert http.post("/", content="SELECT 1", params={"user": "default"}).text == "1\n"


def test_an_error_after_the_first_bytes_breaks_the_stream_off(http: httpx.Client) -> None:
    sql = "SELECT throwIf(number = 3000000, 'planted'), repeat('x', 100) FROM numbers(4000000)"
    received = bytearray()
    with http.stream("POST", "/", params={"max_threads": 1}, content=sql) as response:
        assert response.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):  # noqa: PT012
            for piece in response.iter_raw():
                received += piece[-2000:]
    tail = bytes(received[-2000:]).decode()
    tag = response.headers["x-clickhouse-exception-tag"]
    assert f"__exception__\r\n{tag}\r\n" in tail
    assert "planted" in tail
    assert tail.endswith(f" {tag}\r\n__exception__\r\n")


def test_waiting_for_the_end_gives_an_error_its_status(http: httpx.Client) -> None:
    sql = "SELECT throwIf(number = 3000000, 'planted'), repeat('x', 100) FROM numbers(4000000)"
    response = post(http, sql, expect=500, wait_end_of_query=1, max_threads=1)
    assert response.headers["x-clickhouse-exception-code"] == "395"


def test_a_client_that_goes_away_ends_its_query(http: httpx.Client, clickhouse_url: str) -> None:
    with httpx.Client(base_url=clickhouse_url, timeout=0.5) as hasty, pytest.raises(httpx.ReadTimeout):
        hasty.post(
            "/",
            params={"cancel_http_readonly_queries_on_client_close": 1},
            content="SELECT sum(sleepEachRow(0.1)) FROM numbers(100000) SETTINGS max_block_size = 1",
        )
    # ends only when the query has gone; the suite's timeout is the failure
    while post(http, "SELECT count() FROM system.processes WHERE query LIKE '%numbers(10000' || '0)%'").text != "0\n":
        pass
