"""Role `ingest`: `POST /v1/events`, and beside it `POST /v1/sources`."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chatsnapshot.blob_storage import blob_store
from chatsnapshot.connecting import kafka_connection
from chatsnapshot.server.answers import RETRY_AFTER_S, JsonAnswer
from chatsnapshot.server.body_answers import answered
from chatsnapshot.server.request_body import read_body
from chatsnapshot.server.sources_api import SourcesApi
from chatsnapshot.server.tenants import tenant_rule
from chatsnapshot.settings import Settings
from chatsnapshot_producers import metrics
from chatsnapshot_producers.ingest import Ingest, IngestLimits, PackedBody
from chatsnapshot_producers.ingest_body import body_form
from chatsnapshot_producers.ingest_producer import IngestProducer
from chatsnapshot_producers.ingest_result import UNKNOWN_FATE, IngestAnswer
from chatsnapshot_schemas.registry import framing_with

PATH = "/v1/events"
READY_WITHIN_S = 2.0
"""A probe waits for a second or a few."""


class IngestApi:
    """One shared producer behind one route."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        limits = _limits(settings)
        producer = IngestProducer(
            kafka_connection(settings),
            settings.topics().events,
            framing_with(settings.schema_registry_url),
            silent_s=limits.ack_s,
            queue_events_max=limits.queue_events_max,
        )
        self._ingest = Ingest(producer, blob_store(settings), limits)
        self._sources = SourcesApi(settings, self._ingest.budget)

    def routes(self) -> list[Route]:
        """Events, and what their producers say of themselves."""
        return [Route(PATH, self._events, methods=["POST"]), *self._sources.routes()]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve the broker's reports while the block runs."""
        self._ingest.start()
        try:
            yield
        finally:
            await self._ingest.close()
            self._sources.close()

    async def ready(self) -> None:
        """Raise BrokerUnavailable unless the broker answers and has the topic."""
        await self._ingest.ready(READY_WITHIN_S)

    async def _events(self, request: Request) -> Response:
        began = time.monotonic()
        answer = await answered(request, self._answer(request))
        metrics.INGEST_REQUESTS.labels(answer.status_code).inc()
        metrics.INGEST_SECONDS.labels(answer.status_code).observe(time.monotonic() - began)
        return answer

    async def _answer(self, request: Request) -> Response:
        return _response(await self._take(request))

    async def _take(self, request: Request) -> IngestAnswer:
        rule = tenant_rule(request, self._settings)
        form = body_form(request.headers.get("content-type"))
        self._ingest.check()
        with self._ingest.budget.admit() as charge:
            content = await read_body(request, charge, self._ingest.limits.body_bytes_max)
            body = PackedBody(content, form, request.headers.get("content-encoding"))
            return await self._ingest.take(body, rule, charge)


def _response(answer: IngestAnswer) -> Response:
    headers = {"Retry-After": str(RETRY_AFTER_S)} if answer.status == UNKNOWN_FATE else None
    return JsonAnswer(answer.document, status_code=answer.status, headers=headers)


def _limits(settings: Settings) -> IngestLimits:
    return IngestLimits(
        body_bytes_max=settings.ingest_body_bytes_max,
        events_max=settings.ingest_events_max,
        inflight_bytes_max=settings.ingest_inflight_bytes_max,
        inflight_requests_max=settings.ingest_inflight_requests_max,
        ack_s=settings.ingest_ack_s,
    )
