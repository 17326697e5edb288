"""The HTTP endpoint: routes, one request from its first byte to its last, and the process around them."""

import asyncio
import contextlib
import ipaddress
import logging
import os
import shutil
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from chatsnapshot.embedded.clickhouse.answers import Service, answer, is_cancellable
from chatsnapshot.embedded.clickhouse.body import Body, ClientGone
from chatsnapshot.embedded.clickhouse.engine import Engine
from chatsnapshot.embedded.clickhouse.errors import Code, EndpointError
from chatsnapshot.embedded.clickhouse.incoming import Incoming, read_body
from chatsnapshot.embedded.clickhouse.pool import Lanes
from chatsnapshot.embedded.clickhouse.reply import Reply
from chatsnapshot.embedded.clickhouse.request import QueryRequest, parse_request
from chatsnapshot.embedded.file_lock import exclusive_lock
from chatsnapshot_schemas.errors import AlreadyRunning, ConfigurationError, PortTaken

log = logging.getLogger(__name__)

LOCK_WAIT_S = 1.0
"""Covers the moment in which a predecessor that was told to stop ends."""
KEEP_ALIVE_S = 60
"""Longer than a sink's pause between inserts, so that its connection stays."""
URL_BYTES_MAX = 1024 * 1024
"""A server's `http_max_uri_size`; of the request line and the headers together."""
CONNECTIONS_MAX = 512
GRACE_S = 3
"""After SIGTERM: what runs may end by itself for so long, then it is cancelled."""
CLOSE_S = 5.0
"""Then the engine may flush and close for so long; what was answered is on disk before."""


class Endpoint:
    """The ASGI application behind `/`."""

    def __init__(self, service: Service, host: str) -> None:
        self._service = service
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        method, query_string = scope["method"], scope["query_string"]
        reply = Reply(send, self._service.engine, QueryRequest(query_id=""))
        body = Body(receive)
        try:
            _refuse_foreign(headers, self._host)
            request = parse_request(method, query_string, headers)
            if method in ("GET", "HEAD") and not request.sql and not headers.get("content-length"):
                await PlainTextResponse("Ok.\n")(scope, receive, send)
                return
            reply = Reply(send, self._service.engine, request)
            incoming = await read_body(body, request, headers, self._service.folder)
        except ClientGone:
            return
        except EndpointError as error:
            with contextlib.suppress(ClientGone):
                await body.drain()
                await reply.refuse(error)
            return
        await self._answer(incoming, reply, receive)

    async def _answer(self, incoming: Incoming, reply: Reply, receive: Receive) -> None:
        working = asyncio.ensure_future(self._answer_or_refuse(incoming, reply))
        gone = asyncio.ensure_future(_until_gone(receive))
        try:
            await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done() and is_cancellable(incoming):
                working.cancel()
            await asyncio.wait({working})
        finally:
            working.cancel()
            gone.cancel()
        if not working.cancelled():
            working.result()

    async def _answer_or_refuse(self, incoming: Incoming, reply: Reply) -> None:
        try:
            await answer(self._service, incoming, reply)
        except EndpointError as error:
            await reply.refuse(error)
        except TimeoutError:
            log.warning("a client took nothing of its result for too long: query cancelled")
        except Exception:
            log.exception("a request failed inside the endpoint")
            raise


def build_app(service: Service, host: str) -> Starlette:
    """The application; `host` is the name or address that it is reached by."""
    return Starlette(
        routes=[
            Route("/ping", _ok, methods=["GET", "HEAD"]),
            Route("/replicas_status", _ok, methods=["GET", "HEAD"]),
            Route("/", Endpoint(service, host)),
        ],
        exception_handlers={404: _no_handler},
    )


def main(data_dir: Path, host: str, port: int, memory_bytes: int | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then end the process: this never returns.

    Prints one line when requests are taken. Raises AlreadyRunning, PortTaken, ConfigurationError, MissingExtra.
    """
    _log_to_stderr()
    with _owned(data_dir), _listening(host, port) as listener:
        requests = data_dir / "requests"
        shutil.rmtree(requests, ignore_errors=True)  # what a predecessor left
        requests.mkdir()
        engine = Engine(data_dir / "engine", memory_bytes)
        service = Service(engine, Lanes.usual(), requests)
        server = _Server(service, host, listener)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)  # uvicorn raises them once more when it has ended
        server.run(sockets=[listener])
        _end(service)


class _Server(uvicorn.Server):
    def __init__(self, service: Service, host: str, listener: socket.socket) -> None:
        config = uvicorn.Config(
            build_app(service, host),
            log_config=None,
            log_level="critical",  # a stream that ends in an error is broken off on purpose
            access_log=False,
            lifespan="off",
            loop="asyncio",
            http="h11",
            ws="none",
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
            limit_concurrency=CONNECTIONS_MAX,
            h11_max_incomplete_event_size=URL_BYTES_MAX,
        )
        super().__init__(config)
        self._greeting = f"ClickHouse {service.engine.version} ready on http://{host}:{listener.getsockname()[1]}"

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self._greeting, flush=True)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _ok(request: Request) -> PlainTextResponse:
    return PlainTextResponse("Ok.\n")


async def _no_handler(request: Request, error: Exception) -> PlainTextResponse:
    return PlainTextResponse(f"There is no handle {request.url.path}\n", 404)


def _refuse_foreign(headers: Mapping[str, str], served_host: str) -> None:
    """Pages of a browser on this machine must not reach an endpoint without passwords, by whatever name."""
    host = headers.get("host", "")
    name = urlsplit(f"//{host}").hostname or ""
    if name not in ("", "localhost", served_host.lower()) and not _is_address(name):
        raise EndpointError(Code.ACCESS_DENIED, f"requests for host {name!r} are not served here")
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        raise EndpointError(Code.ACCESS_DENIED, f"requests from pages of {origin!r} are not served here")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


@contextmanager
def _owned(data_dir: Path) -> Iterator[None]:
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        held = exclusive_lock(data_dir / "lock", LOCK_WAIT_S)
        held.__enter__()
    except TimeoutError:
        raise AlreadyRunning(f"another process serves the ClickHouse data in {data_dir}") from None
    except OSError as error:
        raise ConfigurationError(f"the data folder {data_dir} cannot be used: {error}") from error
    try:
        yield
    finally:
        held.__exit__(None, None, None)


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # inherited; else 40 ms an answer
        try:
            listener.bind((host, port))
        except OSError as error:
            raise PortTaken(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
        yield listener


def _end(service: Service) -> None:
    """Cancel what still runs, close the engine, end: bounded, because the engine's threads cannot be interrupted."""
    service.lanes.stop()
    closing = threading.Thread(target=_close, args=(service.engine,), daemon=True)
    closing.start()
    closing.join(CLOSE_S)
    logging.shutdown()
    os._exit(0)


def _close(engine: Engine) -> None:
    engine.kill()
    engine.close()


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
