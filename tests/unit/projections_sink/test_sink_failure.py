import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, DataError, OperationalError, ProgrammingError

from chatsnapshot_projections.sink_failure import CONNECTION, failure_of
from chatsnapshot_schemas.errors import ClickHouseUnavailable, MissingExtra, QueryFailed


@pytest.mark.parametrize("code", [159, 164, 202, 209, 210, 241, 242, 243, 252, 285, 319, 425, 999])
def test_trouble_of_the_server_is_tried_again(code: int) -> None:
    failure = failure_of(DatabaseError("trouble", code=code))
    assert not failure.is_permanent
    assert failure.code == str(code)


@pytest.mark.parametrize("code", [6, 16, 27, 53, 60, 62, 81, 117, 497, 516])
def test_a_statement_that_will_never_work_is_permanent(code: int) -> None:
    assert failure_of(DatabaseError("no such table", code=code)).is_permanent
    assert failure_of(QueryFailed("no such table", code, "NAME")).is_permanent


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("connection reset"),
        DatabaseError("502 of a proxy"),
        ClickHouseUnavailable("down"),
        QueryFailed("no number"),
        ConnectionResetError(),
        TimeoutError(),
    ],
)
def test_a_lost_answer_is_ambiguous_and_tried_again(error: Exception) -> None:
    failure = failure_of(error)
    assert not failure.is_permanent
    assert failure.code == CONNECTION
    assert failure.message


@pytest.mark.parametrize("error", [ProgrammingError("bad setting"), DataError("bad data"), MissingExtra("x", "y")])
def test_what_was_never_sent_will_not_go_better(error: Exception) -> None:
    assert failure_of(error).is_permanent
