"""Role `read`: questions to the ledger, answered from ClickHouse in worker threads."""

import threading
from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chatsnapshot.reading import Ledger
from chatsnapshot.server import quarantine_views, run_views
from chatsnapshot.server.answers import JsonAnswer, error_answer
from chatsnapshot.server.completeness_view import completeness
from chatsnapshot.server.tenants import tenant_rule
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.errors import ChatSnapshotError

ROUTES = (
    ("GET", "/v1/runs", run_views.runs),
    ("GET", "/v1/runs/{run_id}", run_views.run),
    ("GET", "/v1/runs/{run_id}/events", run_views.events),
    ("GET", "/v1/runs/{run_id}/transcript", run_views.transcript),
    ("GET", "/v1/runs/{run_id}/graph", run_views.graph),
    ("GET", "/v1/runs/{run_id}/timeline", run_views.timeline),
    ("GET", "/v1/runs/{run_id}/cost", run_views.cost),
    ("POST", "/v1/runs/{run_id}/verifications", run_views.verification),
    ("GET", "/v1/quarantine", quarantine_views.quarantine),
    ("GET", "/v1/quarantine/{id}", quarantine_views.quarantine_record),
    ("GET", "/v1/held", run_views.held),
    ("GET", "/v1/status/completeness", completeness),
)


class ReadApi:
    """A reader per worker thread and tenant."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._readers = threading.local()

    def routes(self) -> list[Route]:
        """Every question there is."""
        return [Route(path, self._endpoint(view), methods=[method]) for method, path, view in ROUTES]

    async def ready(self) -> None:
        """Raise ClickHouseUnavailable unless it answers."""
        await run_in_threadpool(lambda: self._reader(self._settings.tenant).runs(1))

    def _endpoint(self, view: run_views.View) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                tenant = tenant_rule(request, self._settings).tenant_id
                return JsonAnswer(await run_in_threadpool(lambda: view(self._reader(tenant), request)))
            except ChatSnapshotError as error:
                return error_answer(request, error)

        return endpoint

    def _reader(self, tenant: str) -> Ledger:
        reader: Ledger | None = getattr(self._readers, "ledger", None)
        if reader is None or reader.sources.tenant != tenant:
            reader = self._readers.ledger = Ledger.connect(tenant=tenant, settings=self._settings)
        return reader
