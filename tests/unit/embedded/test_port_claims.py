"""Two stacks that start at once never choose the same port."""

from pathlib import Path

import pytest

from chatsnapshot.embedded import ports
from chatsnapshot.embedded.port_claims import PortClaims
from chatsnapshot.embedded.ports import choose_ports, free_port
from chatsnapshot_schemas.errors import PortTaken


def test_a_port_that_another_stack_is_about_to_use_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usual = free_port()
    monkeypatch.setattr(ports, "USUAL_PORTS", {"http": usual})
    first, second = PortClaims(tmp_path / "ports"), PortClaims(tmp_path / "ports")
    assert choose_ports(("http",), {}, {}, first.take)[0].port == usual
    (other,) = choose_ports(("http",), {}, {}, second.take)
    assert (other.port != usual, other.instead_of) == (True, usual)
    with pytest.raises(PortTaken):
        choose_ports(("http",), {}, {"http": usual}, second.take)
    first.release()
    assert choose_ports(("http",), {}, {}, second.take)[0].port == usual
    second.release()
