"""The application of one HTTP process: the routes of its roles, health, metrics, key check."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from prometheus_client import REGISTRY, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from chatsnapshot.blob_storage import blob_store
from chatsnapshot.server import blob_api
from chatsnapshot.server.answers import error_answer
from chatsnapshot.server.counted_route import counted
from chatsnapshot.server.encoded_paths import EncodedPaths
from chatsnapshot.server.http_roles import HttpRole
from chatsnapshot.server.ingest_api import IngestApi
from chatsnapshot.server.key_check import KeyCheck
from chatsnapshot.server.quarantine_api import QuarantineApi
from chatsnapshot.server.read_api import ReadApi
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.errors import ChatSnapshotError, FatalError, TransientError

Ready = Callable[[], Coroutine[Any, Any, None]]


def http_app(settings: Settings, roles: frozenset[HttpRole]) -> ASGIApp:
    """The application with its middleware. Raises StackNotRunning, ConfigurationError when a role cannot be wired."""
    ingest = IngestApi(settings) if HttpRole.INGEST in roles else None
    read = ReadApi(settings) if HttpRole.READ in roles else None
    redrive = QuarantineApi(settings) if HttpRole.REDRIVE in roles else None
    parts = {HttpRole.INGEST: ingest, HttpRole.READ: read, HttpRole.REDRIVE: redrive}
    ready: dict[HttpRole, Ready] = {role: part.ready for role, part in parts.items() if part is not None}
    blobs = blob_api.routes(blob_store(settings), read=read is not None, write=ingest is not None)
    routes = [route for part in parts.values() if part is not None for route in part.routes()]

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if ingest is not None:
                await stack.enter_async_context(ingest.running())
            yield

    app = Starlette(
        routes=[*_own_routes(ready), *map(counted, [*routes, *blobs])],
        exception_handlers={ChatSnapshotError: error_answer},
        lifespan=lifespan,
    )
    checked: ASGIApp = app if settings.api_key is None else KeyCheck(app, settings.api_key)
    return EncodedPaths(checked)


def _own_routes(ready: dict[HttpRole, Ready]) -> list[Route]:
    async def readyz(_request: Request) -> Response:
        said = [f"{role}: {complaint}" for role, check in ready.items() if (complaint := await _complaint(check))]
        if said:
            return PlainTextResponse("\n".join(said) + "\n", status_code=503)
        return PlainTextResponse("ready\n")

    return [Route("/healthz", _healthz), Route("/readyz", readyz), Route("/metrics", _metrics_page)]


async def _complaint(check: Ready) -> str | None:
    try:
        await check()
    except (TransientError, FatalError) as error:
        return str(error)
    return None


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _metrics_page(_request: Request) -> Response:
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
