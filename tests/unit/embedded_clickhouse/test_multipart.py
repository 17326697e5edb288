import pytest

from chatsnapshot.embedded.clickhouse.errors import EndpointError
from chatsnapshot.embedded.clickhouse.multipart import form_fields, is_multipart

TYPE = 'multipart/form-data; boundary="b-1"'


def part(name: str, value: str, more: str = "") -> str:
    return f'--b-1\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'


def test_fields_keep_every_byte() -> None:
    body = (part("query", "SELECT 1\r\n--b\r\n") + part("param_x", "") + "--b-1--\r\n").encode()
    assert is_multipart(TYPE)
    assert form_fields(TYPE, body) == {"query": b"SELECT 1\r\n--b\r\n", "param_x": b""}


@pytest.mark.parametrize("body", [b"", b"--b-1\r\nno header", part("x", "cut").encode()])
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(EndpointError) as caught:
        form_fields(TYPE, body)
    assert caught.value.name == "BAD_ARGUMENTS"


def test_external_data_are_refused() -> None:
    body = (part("t", "1", '; filename="t"') + "--b-1--\r\n").encode()
    with pytest.raises(EndpointError) as caught:
        form_fields(TYPE, body)
    assert caught.value.name == "NOT_IMPLEMENTED"
