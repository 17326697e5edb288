"""The Starlette application: routes, health, metrics, key check."""

import hmac
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from chatsnapshot.reading import Ledger
from chatsnapshot.server import run_views
from chatsnapshot.server.answers import JsonAnswer, error_answer
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.errors import ChatSnapshotError, ClickHouseUnavailable

TENANT_HEADER = "x-chatsnapshot-tenant"
OPEN_PATHS = ("/healthz", "/readyz")

READ_ROUTES = (
    ("GET", "/v1/runs", run_views.runs),
    ("GET", "/v1/runs/{run_id}", run_views.run),
    ("GET", "/v1/runs/{run_id}/events", run_views.events),
    ("GET", "/v1/runs/{run_id}/transcript", run_views.transcript),
    ("GET", "/v1/runs/{run_id}/graph", run_views.graph),
    ("GET", "/v1/runs/{run_id}/cost", run_views.cost),
    ("POST", "/v1/runs/{run_id}/verifications", run_views.verification),
    ("GET", "/v1/quarantine", run_views.quarantine),
    ("GET", "/v1/held", run_views.held),
)


class ReadApi:
    """The state of one server: settings, a reader per worker thread and tenant, its metrics."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._readers = threading.local()
        self.metrics = CollectorRegistry()
        self._requests = Counter(
            "chatsnapshot_http_requests_total",
            "Requests answered, by route and status",
            ("route", "status"),
            registry=self.metrics,
        )

    def app(self) -> ASGIApp:
        """The application with its middleware."""
        routes = [
            Route("/healthz", self._healthz),
            Route("/readyz", self._readyz),
            Route("/metrics", self._metrics_page),
            *(Route(path, self._endpoint(path, view), methods=[method]) for method, path, view in READ_ROUTES),
        ]
        app = Starlette(routes=routes, exception_handlers={ChatSnapshotError: error_answer})
        checked: ASGIApp = app if self._settings.api_key is None else KeyCheck(app, self._settings.api_key)
        return EncodedPaths(checked)

    def _endpoint(self, path: str, view: run_views.View) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            tenant = request.headers.get(TENANT_HEADER, self._settings.tenant)
            try:
                answer: Response = JsonAnswer(await run_in_threadpool(lambda: view(self._reader(tenant), request)))
            except ChatSnapshotError as error:
                answer = error_answer(request, error)
            self._requests.labels(path, answer.status_code).inc()
            return answer

        return endpoint

    def _reader(self, tenant: str) -> Ledger:
        reader: Ledger | None = getattr(self._readers, "ledger", None)
        if reader is None or reader.sources.tenant != tenant:
            reader = self._readers.ledger = Ledger.connect(tenant=tenant, settings=self._settings)
        return reader

    async def _healthz(self, _request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def _readyz(self, _request: Request) -> Response:
        def ask() -> None:
            self._reader(self._settings.tenant).runs(1)

        try:
            await run_in_threadpool(ask)
        except ClickHouseUnavailable as error:
            return PlainTextResponse(f"{error}\n", status_code=503)
        return PlainTextResponse("ready\n")

    async def _metrics_page(self, _request: Request) -> Response:
        return Response(generate_latest(self.metrics), media_type=CONTENT_TYPE_LATEST)


class EncodedPaths:
    """Routes on the path as it was sent: a run id may hold `/`, percent-encoded, and stays one segment."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Replace the decoded path by the raw one."""
        if scope["type"] == "http" and (raw := scope.get("raw_path")):
            scope = {**scope, "path": raw.decode("ascii", "replace")}
        await self._app(scope, receive, send)


class KeyCheck:
    """Every request but the health checks carries `Authorization: Bearer <key>`."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._expected = f"Bearer {key}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """401 without the key."""
        headers: dict[bytes, Any] = dict(scope.get("headers", ()))
        if (
            scope["type"] != "http"
            or scope["path"] in OPEN_PATHS
            or hmac.compare_digest(headers.get(b"authorization", b""), self._expected)
        ):
            await self._app(scope, receive, send)
        else:
            body = {"error": {"code": "unauthorized", "message": "Authorization: Bearer <key> is needed"}}
            await JsonAnswer(body, status_code=401)(scope, receive, send)
