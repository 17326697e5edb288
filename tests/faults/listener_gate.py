"""A door before a broker that its clients cannot go around: the broker advertises the door's port as its own.

`GatedBroker` has two listeners: the plain one, for everything that is to be spared, and one behind the door.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from tests.faults.own_broker import OwnBroker, own_broker
from tests.fixtures.ports import unused_port

_BYTES = 65_536


class ListenerGate:
    """Forwards from `port` to `target`. `silence`: nothing is forwarded any more, connections stay; `cut`: they are
    closed, and new ones at once; `open`: as if nothing had been.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._state: Literal["open", "silent", "cut"] = "open"
        self._changed = threading.Condition()
        self._sockets: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def silence(self) -> None:
        self._become("silent")

    def cut(self) -> None:
        self._become("cut")
        with self._changed:
            cut, self._sockets = self._sockets, set()
        for each in cut:
            _end(each)

    def open(self) -> None:
        self._become("open")

    def close(self) -> None:
        """For good."""
        self.cut()
        self._listener.close()

    def _become(self, state: Literal["open", "silent", "cut"]) -> None:
        with self._changed:
            self._state = state
            self._changed.notify_all()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._state == "cut":
                    client.close()
                    continue
                try:
                    broker = socket.create_connection(("127.0.0.1", self._target))
                except OSError:
                    client.close()
                    continue
                with self._changed:
                    self._sockets |= {client, broker}
                for source, target in ((client, broker), (broker, client)):
                    threading.Thread(target=self._pump, args=(source, target), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_BYTES):
                with self._changed:
                    self._changed.wait_for(lambda: self._state != "silent")
                target.sendall(data)
        with self._changed:
            self._sockets -= {source, target}
        for each in (source, target):
            _end(each)


def _end(connection: socket.socket) -> None:
    """Wake whoever reads from it, too."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


class GatedBroker(NamedTuple):
    """A broker of a test's own, and the door of its second listener."""

    broker: OwnBroker
    gate: ListenerGate

    @property
    def gated(self) -> str:
        """`host:port` for those who have to go through the door."""
        return f"127.0.0.1:{self.gate.port}"


@contextmanager
def gated_broker(folder: Path) -> Iterator[GatedBroker]:
    """Running, the door open."""
    behind = unused_port()
    gate = ListenerGate(behind)
    try:
        with own_broker(folder, second_listener=(behind, gate.port)) as broker:
            yield GatedBroker(broker, gate)
    finally:
        gate.close()
