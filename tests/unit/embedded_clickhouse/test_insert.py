import pytest

from chatsnapshot.embedded.clickhouse.errors import EndpointError
from chatsnapshot.embedded.clickhouse.insert import InsertStatement, Unfinished, begins_insert, parse_insert


def parsed(sql: str, complete: bool = True) -> tuple[str, str]:
    insert = parse_insert(sql, complete)
    assert isinstance(insert, InsertStatement)
    return " ".join(insert.reading_from("/f").split()), sql[insert.data_at :]


@pytest.mark.parametrize(
    ("sql", "statement", "data"),
    [
        ("INSERT INTO t FORMAT CSV\n1,2", "INSERT INTO t FROM INFILE '/f' FORMAT CSV", "1,2"),
        ("INSERT INTO t FORMAT TSV  \r\n\t1", "INSERT INTO t FROM INFILE '/f' FORMAT TSV", "\t1"),
        ("INSERT INTO t FORMAT CSV\n\n1", "INSERT INTO t FROM INFILE '/f' FORMAT CSV", "\n1"),
        ("INSERT INTO t (a, `b`) VALUES (1, 2)", "INSERT INTO t (a, `b`) FROM INFILE '/f' FORMAT Values", "(1, 2)"),
        (
            "INSERT INTO t SETTINGS a = 1 FORMAT CSV 1",
            "INSERT INTO t FROM INFILE '/f' SETTINGS a = 1 FORMAT CSV",
            "1",
        ),
        ("insert into values values (1)", "insert into values FROM INFILE '/f' FORMAT Values", "(1)"),
        ("INSERT INTO d.format FORMAT CSV\n1", "INSERT INTO d.format FROM INFILE '/f' FORMAT CSV", "1"),
        ("INSERT INTO {t:Identifier} VALUES (1)", "INSERT INTO {t:Identifier} FROM INFILE '/f' FORMAT Values", "(1)"),
        (
            "INSERT INTO FUNCTION null('a Int8') FORMAT CSV\n1",
            "INSERT INTO FUNCTION null('a Int8') FROM INFILE '/f' FORMAT CSV",
            "1",
        ),
        ("INSERT INTO t (a) VALUES", "INSERT INTO t (a) FROM INFILE '/f' FORMAT Values", ""),
    ],
)
def test_statement_and_data(sql: str, statement: str, data: str) -> None:
    assert parsed(sql) == (statement, data)


@pytest.mark.parametrize(
    "sql", ["INSERT INTO t SELECT 1", "INSERT INTO t (a) WITH 1 AS x SELECT x", "INSERT INTO t (SELECT 1)"]
)
def test_a_select_has_no_data(sql: str) -> None:
    assert parse_insert(sql, complete=True) is None


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO",
        "INSERT INTO t (a",
        "INSERT INTO t FORMAT",
        "INSERT INTO t FORMAT Nat",
        "INSERT INTO t /* FORMAT CSV",
    ],
)
def test_what_goes_on_in_the_next_piece(sql: str) -> None:
    assert isinstance(parse_insert(sql, complete=False), Unfinished)


def test_any_cut_of_the_text_gives_the_same_data() -> None:
    sql = "INSERT INTO t (a) -- x\nSETTINGS a = 1 FORMAT CSV \r\n1,2\n"
    whole = parsed(sql)
    for cut in range(1, len(sql)):
        insert = parse_insert(sql[:cut], complete=False)
        if isinstance(insert, InsertStatement):
            assert (" ".join(insert.reading_from("/f").split()), sql[insert.data_at :]) == whole


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("INSERT INTO t FORMAT CSV; 1", "SYNTAX_ERROR"),
        ("INSERT INTO t; DROP TABLE t", "SYNTAX_ERROR"),
        ("INSERT INTO t FROM INFILE '/etc/passwd' FORMAT CSV", "NOT_IMPLEMENTED"),
        ("INSERT INTO t SELECT a FROM input('a Int8') FORMAT CSV\n1", "NOT_IMPLEMENTED"),
    ],
)
def test_what_is_refused(sql: str, name: str) -> None:
    with pytest.raises(EndpointError) as caught:
        parse_insert(sql, complete=True)
    assert caught.value.name == name


def test_only_the_first_word_makes_an_insert() -> None:
    assert begins_insert("/* x */ insert")
    assert not begins_insert("SELECT 'INSERT'")
    assert not begins_insert("")
