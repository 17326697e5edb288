import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError, ProgrammingError

from chatsnapshot_projections.clickhouse_client import (
    COME_BACK_LATER,
    MESSAGE_CHARS_MAX,
    clickhouse_errors,
    mapped,
    shown,
)
from chatsnapshot_schemas.errors import ClickHouseUnavailable, QueryFailed


def test_no_answer_is_unavailable() -> None:
    assert isinstance(mapped(OperationalError("connection refused"), "reading"), ClickHouseUnavailable)


@pytest.mark.parametrize("code", sorted(COME_BACK_LATER))
def test_a_server_in_trouble_is_unavailable(code: int) -> None:
    assert isinstance(mapped(DatabaseError("busy", code=code, name="BUSY"), "reading"), ClickHouseUnavailable)


def test_a_refusal_keeps_code_and_name() -> None:
    error = mapped(DatabaseError("Code: 60. no table", code=60, name="UNKNOWN_TABLE"), "query runs")
    assert isinstance(error, QueryFailed)
    assert (error.server_code, error.server_name) == (60, "UNKNOWN_TABLE")
    assert str(error) == "query runs: Code: 60. no table"


def test_the_clients_own_refusal_is_no_outage() -> None:
    assert isinstance(mapped(ProgrammingError("bad parameter"), "reading"), QueryFailed)


def test_messages_are_one_short_line_without_the_statement() -> None:
    assert shown("Unknown column x.\nIn scope SELECT x FROM y. (UNKNOWN)") == "Unknown column x."
    assert len(shown("word " * 1000)) == MESSAGE_CHARS_MAX + 3


def test_other_errors_pass() -> None:
    with pytest.raises(KeyError), clickhouse_errors("reading"):
        raise KeyError("mine")
