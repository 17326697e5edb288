"""Ports on loopback: the usual ones where they are free, else free ones, the same again at the next start."""

import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from chatsnapshot.embedded.whole_file import write_whole
from chatsnapshot_schemas.errors import PortTaken

LOOPBACK = "127.0.0.1"
Claim = Callable[[int], bool]
USUAL_PORTS: Mapping[str, int] = {
    "kafka": 19092,
    "kafka-controller": 19093,
    "clickhouse": 18123,
    "http": 8180,
    "sequencer": 19101,  # metrics
    "sink": 19102,  # metrics
}


@dataclass(frozen=True)
class ChosenPort:
    """A port for one purpose; `instead_of` is the one that was wanted and is taken."""

    purpose: str
    port: int
    instead_of: int | None = None


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: TIME_WAIT does not count
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(avoid: frozenset[int] = frozenset()) -> int:
    """A port that nobody listens on, given by the system."""
    while True:  # ends: the system gives another port each time, and `avoid` holds a handful
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((LOOPBACK, 0))
            port: int = probe.getsockname()[1]
        if port not in avoid:
            return port


def choose_port(purpose: str, wanted: tuple[int, ...], given: frozenset[int], claim: Claim) -> ChosenPort:
    """The first of the wanted ports that is neither in use nor already given away, else a free one."""
    for port in wanted:
        if port not in given and is_free(port) and claim(port):
            return ChosenPort(purpose, port, instead_of=wanted[0] if port != wanted[0] else None)
    return ChosenPort(purpose, free_port(given), instead_of=wanted[0] if wanted else None)


def choose_ports(
    purposes: tuple[str, ...],
    remembered: Mapping[str, int],
    demanded: Mapping[str, int],
    claim: Claim = lambda _port: True,
) -> tuple[ChosenPort, ...]:
    """One port for each purpose: the demanded one, else the remembered, the usual, a free one.

    Port 0 demands any free one. `claim` may refuse a port that another stack is about to use. Raises PortTaken when a
    demanded port is in use.
    """
    chosen: list[ChosenPort] = []
    for purpose in purposes:
        given = frozenset(choice.port for choice in chosen)
        demand = demanded.get(purpose)
        if demand and (demand in given or not is_free(demand) or not claim(demand)):
            raise PortTaken(f"port {demand} for {purpose} is in use by another process")
        wanted = [remembered.get(purpose), USUAL_PORTS.get(purpose)] if demand is None else [demand]
        chosen.append(choose_port(purpose, tuple(dict.fromkeys(port for port in wanted if port)), given, claim))
    return tuple(chosen)


def read_ports(path: Path) -> dict[str, int]:
    """What was remembered; empty when nothing was, or when it cannot be read."""
    try:
        stored = json.loads(path.read_text("utf-8"))
        return {str(purpose): int(port) for purpose, port in stored.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def remember_ports(path: Path, chosen: tuple[ChosenPort, ...]) -> None:
    """Keep the ports for the next start, beside those of purposes that are not in use this time."""
    ports = read_ports(path) | {choice.purpose: choice.port for choice in chosen}
    write_whole(path, json.dumps(ports, indent=1))
