import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatsnapshot.embedded import ports
from chatsnapshot.embedded.ports import ChosenPort, choose_ports, free_port, is_free, read_ports, remember_ports
from chatsnapshot_schemas.errors import PortTaken


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_that_somebody_listens_on_is_not_free(taken: int) -> None:
    assert not is_free(taken)
    assert is_free(free_port())


def test_a_port_taken_on_every_address_is_not_free_on_loopback() -> None:
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))
        listener.listen()
        assert not is_free(listener.getsockname()[1])


def test_the_remembered_port_goes_before_the_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    remembered, usual = free_port(), free_port()
    monkeypatch.setattr(ports, "USUAL_PORTS", {"http": usual})
    assert choose_ports(("http",), {"http": remembered}, {}) == (ChosenPort("http", remembered),)
    assert choose_ports(("http",), {}, {}) == (ChosenPort("http", usual),)


def test_a_taken_port_gives_way_to_the_usual_then_to_a_free_one(monkeypatch: pytest.MonkeyPatch, taken: int) -> None:
    usual = free_port()
    monkeypatch.setattr(ports, "USUAL_PORTS", {"http": usual})
    assert choose_ports(("http",), {"http": taken}, {}) == (ChosenPort("http", usual, instead_of=taken),)
    monkeypatch.setattr(ports, "USUAL_PORTS", {"http": taken})
    (choice,) = choose_ports(("http",), {}, {})
    assert choice.instead_of == taken
    assert choice.port != taken
    assert is_free(choice.port)


def test_no_port_is_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setattr(ports, "USUAL_PORTS", {"kafka": port, "http": port})
    first, second = choose_ports(("kafka", "http"), {}, {})
    assert first.port == port
    assert second.port != port


def test_a_demanded_port_that_is_taken_is_refused(taken: int) -> None:
    with pytest.raises(PortTaken, match=f"port {taken} for http"):
        choose_ports(("http",), {}, {"http": taken})


def test_port_zero_demands_any_free_one() -> None:
    (choice,) = choose_ports(("http",), {"http": 1}, {"http": 0})
    assert choice.port > 1
    assert choice.instead_of is None


def test_ports_are_remembered_beside_those_of_before(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    remember_ports(file, (ChosenPort("kafka", 1), ChosenPort("http", 2)))
    remember_ports(file, (ChosenPort("http", 3),))
    assert read_ports(file) == {"kafka": 1, "http": 3}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"http": null}', '{"http": "x"}'])
def test_an_unreadable_memory_is_no_memory(tmp_path: Path, text: str) -> None:
    (tmp_path / "ports.json").write_text(text)
    assert read_ports(tmp_path / "ports.json") == {}
