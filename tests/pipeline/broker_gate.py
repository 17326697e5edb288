"""A door before the broker: a port that refuses connections until it is opened, then leads to the real broker.

Clients go through it for their first connection only (then they know the broker's own address), so it decides whether a
client that knows nothing else can reach the broker at all.
"""

import contextlib
import socket
import threading


class BrokerGate:
    """Closed at first; `open` lets clients through. Use as a context manager."""

    def __init__(self, broker: str) -> None:
        host, port = broker.rsplit(":", 1)
        self._broker = (host, int(port))
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        self._sockets: list[socket.socket] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def open(self) -> None:
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "BrokerGate":
        return self

    def __exit__(self, *_: object) -> None:
        for each in (self._listener, *self._sockets):
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                broker = socket.create_connection(self._broker)
                self._sockets += [client, broker]
                for source, target in ((client, broker), (broker, client)):
                    threading.Thread(target=_pump, args=(source, target), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
