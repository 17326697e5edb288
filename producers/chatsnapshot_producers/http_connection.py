"""One HTTP connection of one thread, whose requests can be given up at any moment. The one module that knows httpx."""

import asyncio
import ctypes
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from chatsnapshot_schemas.errors import BrokerUnavailable, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECT_S = 5.0
ANSWER_S = 30.0
"""Longer than a server waits for its broker; beyond it the request is given up, its fate unknown."""
LOOK_S = 0.1
"""How often a waiting request looks whether it shall stop."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")

_HTTPX_LOG = logging.getLogger("httpx")


class HttpAnswer(NamedTuple):
    """Status, headers (names in lower case) and the whole body."""

    status: int
    headers: "Mapping[str, str]"
    body: bytes


class _Loop(asyncio.SelectorEventLoop):
    async def getaddrinfo(self, host: Any, port: Any, **more: Any) -> Any:
        """Here and not in a thread pool: none can be begun any more while the interpreter ends."""
        return socket.getaddrinfo(host, port, **more)


async def _import_all() -> None:
    """What is imported with the first request, now: while a connection is made no other thread forks."""
    import anyio  # which httpx stands on

    await anyio.sleep(0)
    "localhost".encode("idna")


class _OthersOnly(logging.Filter):
    """httpx tells of every request at level INFO: nobody asked for a line with each batch of events."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self._base_url = base_url

    def filter(self, record: logging.LogRecord) -> bool:
        return not any(str(each).startswith(self._base_url) for each in record.args or ())


class HttpConnection:
    """Keeps one connection alive between requests. One thread uses it."""

    def __init__(self, base_url: str, headers: dict[str, str]) -> None:
        import httpx  # 60 ms that only a process which sends by HTTP pays for

        self._errors: tuple[type[Exception], ...] = (httpx.HTTPError,)
        self._loop = _Loop()
        try:
            self._client = httpx.AsyncClient(
                base_url=base_url,
                headers=headers,
                timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S),
                # a proxy of the environment is for the world outside
                trust_env=urlsplit(base_url).hostname not in LOOPBACK,
            )
        except (httpx.InvalidURL, ValueError, OSError) as error:
            self._loop.close()
            raise ConfigurationError(f"{base_url}: {error}") from error
        self._loop.run_until_complete(_import_all())
        self._others_only = _OthersOnly(base_url)
        _HTTPX_LOG.addFilter(self._others_only)

    def post(self, path: str, content: bytes, media_type: str, stopped: Callable[[], bool]) -> HttpAnswer:
        """Blocks, and looks at `stopped` every LOOK_S. Raises BrokerUnavailable when there is no answer."""
        return self._loop.run_until_complete(self._post(path, content, media_type, stopped))

    def close(self) -> None:
        """Disconnect."""
        with suppress(*self._errors, OSError, RuntimeError):
            self._loop.run_until_complete(self._client.aclose())
        self._loop.close()
        _HTTPX_LOG.removeFilter(self._others_only)

    def abandon(self) -> None:
        """In a forked child: sockets and poll set are shared with the parent, so they are not even destroyed."""
        for each in (self._client, self._loop):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(each))

    async def _post(self, path: str, content: bytes, media_type: str, stopped: Callable[[], bool]) -> HttpAnswer:
        posting = asyncio.ensure_future(self._client.post(path, content=content, headers={"Content-Type": media_type}))
        try:
            while not posting.done():
                await asyncio.wait((posting,), timeout=LOOK_S)
                if stopped() and not posting.done():
                    raise BrokerUnavailable("stopped before the answer came")
            answer = posting.result()
        except self._errors as error:
            raise BrokerUnavailable(f"no answer: {error or type(error).__name__}") from error
        finally:
            posting.cancel()
            await asyncio.wait((posting,))
        return HttpAnswer(answer.status_code, answer.headers, answer.content)
