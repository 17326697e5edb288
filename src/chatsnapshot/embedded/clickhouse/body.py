"""The body of one request, as ASGI brings it."""

from starlette.types import Receive

DRAINED_BYTES_MAX = 16 * 1024 * 1024
"""Of a refused body that is still read; a client that sends more meets a closed connection."""


class ClientGone(Exception):
    """The client closed the connection before its request was complete: nothing is done."""


class Body:
    """The bytes of a request as they arrive."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._ended = False

    async def chunk(self) -> bytes | None:
        """The next piece, None after the last. Raises ClientGone."""
        if self._ended:
            return None
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        self._ended = not message.get("more_body", False)
        return bytes(message.get("body", b""))

    async def drain(self) -> None:
        """Forget what is left, so that the client comes to read the answer. Bounded by DRAINED_BYTES_MAX."""
        left = DRAINED_BYTES_MAX
        while left > 0 and (chunk := await self.chunk()) is not None:
            left -= len(chunk)
