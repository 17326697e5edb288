import base64
from urllib.parse import urlencode

import pytest

from chatsnapshot.embedded.clickhouse.errors import EndpointError
from chatsnapshot.embedded.clickhouse.request import FIELDS_MAX, QueryRequest, parse_request


def parse(method: str = "POST", headers: dict[str, str] | None = None, **fields: str) -> QueryRequest:
    return parse_request(method, urlencode(fields).encode(), headers or {})


def test_settings_parameters_and_the_rest_are_told_apart() -> None:
    request = parse(
        query="SELECT 'ü'",
        database="d",
        param_x="1",
        param_param_y="2",
        max_threads="3",
        session_id="s",
        session_timeout="60",
        wait_end_of_query="1",
        buffer_size="10",
        default_format="CSV",
        query_id="q",
    )
    assert request.sql.encode("latin-1").decode() == "SELECT 'ü'"
    assert request.settings == {"max_threads": "3"}
    assert request.parameters == {"x": "1", "param_y": "2"}
    assert (request.database, request.default_format, request.query_id) == ("d", "CSV", "q")
    assert (request.wait_end_of_query, request.buffer_bytes, request.read_only) == (True, 10, False)


def test_bytes_that_are_no_utf8_stay_as_they_are() -> None:
    assert parse_request("POST", b"query=SELECT+'%FF'", {}).sql == "SELECT '\xff'"


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        ({"x-clickhouse-user": "reader"}, {}),
        ({"authorization": "Basic " + base64.b64encode(b"reader:secret").decode()}, {}),
        ({}, {"user": "reader", "password": ""}),
    ],
)
def test_the_user_is_named_in_three_ways(headers: dict[str, str], fields: dict[str, str]) -> None:
    assert parse(headers=headers, **fields).restricted
    assert not parse().restricted


def test_get_and_head_are_read_only() -> None:
    assert parse("GET").read_only
    assert parse("HEAD").read_only


def test_the_response_is_coded_only_when_the_setting_is_on() -> None:
    headers = {"accept-encoding": "gzip"}
    assert parse(headers=headers).response_coding is None
    assert parse(headers=headers, enable_http_compression="1").response_coding == "gzip"


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"compress": "1"}, "NOT_IMPLEMENTED"),
        ({"decompress": "1"}, "NOT_IMPLEMENTED"),
        ({"session_id": "s", "session_check": "1"}, "SESSION_NOT_FOUND"),
        ({"role": "admin"}, "UNKNOWN_ROLE"),
        ({"a'; DROP TABLE t; --": "1"}, "UNKNOWN_SETTING"),
        ({"buffer_size": "many"}, "BAD_ARGUMENTS"),
        ({"query_id": "a\r\nSet-Cookie: x"}, "BAD_ARGUMENTS"),
        ({f"param_{number}": "1" for number in range(FIELDS_MAX + 1)}, "BAD_ARGUMENTS"),
    ],
)
def test_what_cannot_be_served_is_refused(fields: dict[str, str], name: str) -> None:
    with pytest.raises(EndpointError) as caught:
        parse(**fields)
    assert caught.value.name == name


def test_a_parameter_that_is_no_utf8_is_refused() -> None:
    with pytest.raises(EndpointError, match="not UTF-8"):
        parse_request("POST", b"param_x=%FF", {})


def test_credentials_that_cannot_be_read_are_refused() -> None:
    with pytest.raises(EndpointError) as caught:
        parse(headers={"authorization": "Basic ???"})
    assert caught.value.status == 403
