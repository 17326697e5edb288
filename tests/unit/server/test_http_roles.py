import pytest

from chatsnapshot.cli.app import main
from chatsnapshot.server.http_roles import ALL_ROLES, HttpRole, http_roles
from chatsnapshot_schemas.errors import ConfigurationError


def test_roles_are_read_from_a_list() -> None:
    assert http_roles(" ingest, READ ,redrive") == ALL_ROLES
    assert http_roles("read") == {HttpRole.READ}


@pytest.mark.parametrize(("text", "said"), [("ui", "not built yet"), ("write", "no 'write'"), (" , ", "at least one")])
def test_what_is_no_role_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        http_roles(text)


def test_the_command_line_says_what_cannot_be_served(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "http", "--roles", "ingest,ui"]) == 1
    assert capsys.readouterr().err == "error: --roles: 'ui' is not built yet; there are ingest, read, redrive\n"
