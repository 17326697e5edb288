import pytest

from chatsnapshot.embedded.clickhouse.errors import EndpointError
from chatsnapshot.embedded.clickhouse.statement import Kind, is_light, parse_statement

OUT = "INTO OUTFILE '/p' TRUNCATE"


def written(sql: str) -> str:
    return " ".join(parse_statement(sql).writing_to("/p").split())


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", f"SELECT 1 {OUT}"),
        ("SELECT 1 ;; -- end", f"SELECT 1 {OUT}"),
        ("SELECT 1 FORMAT CSV", f"SELECT 1 {OUT} FORMAT CSV"),
        ("SELECT {x:String}, [1]\n FORMAT Native", f"SELECT {{x:String}}, [1] {OUT} FORMAT Native"),
        ("SELECT 1 SETTINGS a = 1", f"SELECT 1 SETTINGS a = 1 {OUT}"),
        ("SELECT 1 format CSV settings a = 1", f"SELECT 1 {OUT} format CSV settings a = 1"),
        ("SELECT (SELECT 1 FORMAT CSV)", f"SELECT (SELECT 1 FORMAT CSV) {OUT}"),
        ("SELECT 'FORMAT CSV'", f"SELECT 'FORMAT CSV' {OUT}"),
        ("SELECT 1 AS format", f"SELECT 1 AS format {OUT}"),
        ("SELECT x FROM format y", f"SELECT x FROM format y {OUT}"),
        ("SHOW TABLES SETTINGS a = 1", f"SHOW TABLES {OUT} SETTINGS a = 1"),
        ("(SELECT 1) UNION ALL (SELECT 2) FORMAT TSV", f"(SELECT 1) UNION ALL (SELECT 2) {OUT} FORMAT TSV"),
        ("FROM t SELECT n", f"FROM t SELECT n {OUT}"),
    ],
)
def test_where_the_output_goes(sql: str, expected: str) -> None:
    assert written(sql) == expected


def test_the_format_is_known() -> None:
    assert parse_statement("SELECT 1 FORMAT `CSV`").format == "CSV"
    assert parse_statement("SELECT 1").format is None


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t SELECT 1",
        "WITH 1 AS x INSERT INTO t SELECT x",
        "CREATE TABLE t (n Int8) ENGINE = Memory",
        "SELEC 1",
    ],
)
def test_what_is_no_read_is_run_as_it_is(sql: str) -> None:
    statement = parse_statement(sql)
    assert statement.kind is Kind.CHANGE
    assert statement.writing_to("/p") == sql


def test_a_function_called_insert_is_a_read() -> None:
    assert parse_statement("WITH 1 AS x SELECT insert('a', 1, 1, 'b')").kind is Kind.READ


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("", "SYNTAX_ERROR"),
        (" ; -- nothing", "SYNTAX_ERROR"),
        ("SELECT 1; SELECT 2", "SYNTAX_ERROR"),
        ("DROP TABLE a; DROP TABLE b;", "SYNTAX_ERROR"),
        ("SELECT 1 INTO /* */ OUTFILE 'x'", "INTO_OUTFILE_NOT_ALLOWED"),
        ("INSERT INTO t FROM INFILE 'x' FORMAT CSV", "NOT_IMPLEMENTED"),
        ("CREATE OR REPLACE TEMPORARY TABLE t (n Int8)", "NOT_IMPLEMENTED"),
        ("create temporary table t (n Int8)", "NOT_IMPLEMENTED"),
    ],
)
def test_what_is_refused(sql: str, name: str) -> None:
    with pytest.raises(EndpointError) as caught:
        parse_statement(sql)
    assert caught.value.name == name


@pytest.mark.parametrize(
    ("sql", "light"),
    [
        ("DESCRIBE TABLE t", True),
        ("SELECT version()", True),
        ("SELECT name FROM system.settings LIMIT 10", True),
        ("SELECT count() FROM t", False),
        ("SELECT count() FROM system.numbers", False),
        ("SELECT name FROM system.settings, t", False),
        ("SELECT count() FROM numbers(10)", False),
        ("DROP TABLE t", False),
    ],
)
def test_questions_about_the_server_are_light(sql: str, light: bool) -> None:
    assert is_light(parse_statement(sql)) is light
