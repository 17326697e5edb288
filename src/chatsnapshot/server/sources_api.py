"""Role `ingest`: `POST /v1/sources`, the reports of producers that send over HTTP, put into their topic."""

import threading
from collections.abc import Sequence
from contextlib import suppress

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chatsnapshot.connecting import kafka_connection
from chatsnapshot.server.answers import JsonAnswer
from chatsnapshot.server.body_answers import answered
from chatsnapshot.server.request_body import read_body
from chatsnapshot.server.tenants import tenant_rule
from chatsnapshot.settings import Settings
from chatsnapshot_producers.http_reports import PATH, REQUEST_BYTES_MAX
from chatsnapshot_producers.ingest_body import body_form
from chatsnapshot_producers.ingest_budget import IngestBudget
from chatsnapshot_producers.kafka_reports import KafkaReports
from chatsnapshot_producers.reported_body import reports_in
from chatsnapshot_schemas.errors import BrokerUnavailable, ChatSnapshotError
from chatsnapshot_schemas.source_reports import SourceReport

ACKNOWLEDGED_WITHIN_S = 1.5
"""Below what a producer waits for an answer."""
WAITING_MAX = 8
"""Requests that wait in a thread for their turn or for the broker: more would take those of the readers."""
ACCEPTED = 202


class SourcesApi:
    """One writer behind one route; `budget` is that of the events."""

    def __init__(self, settings: Settings, budget: IngestBudget) -> None:
        self._settings = settings
        self._budget = budget
        self._channel: KafkaReports | None = None
        self._turn = threading.Lock()
        self._waiting = threading.BoundedSemaphore(WAITING_MAX)

    def routes(self) -> list[Route]:
        """The one route."""
        return [Route(PATH, self._sources, methods=["POST"])]

    def close(self) -> None:
        """Disconnect; every request is answered by now."""
        if self._channel is not None:
            self._channel.close()

    async def _sources(self, request: Request) -> Response:
        return await answered(request, self._answer(request))

    async def _answer(self, request: Request) -> Response:
        return JsonAnswer({"accepted": await self._take(request)}, status_code=ACCEPTED)

    async def _take(self, request: Request) -> int:
        rule = tenant_rule(request, self._settings)
        form = body_form(request.headers.get("content-type"))
        with self._budget.admit() as charge:
            body = await read_body(request, charge, REQUEST_BYTES_MAX)
            reports = await run_in_threadpool(reports_in, body, form, rule)
            await run_in_threadpool(self._write, reports)
        return len(reports)

    def _write(self, reports: Sequence[SourceReport]) -> None:
        """One request after the other; once it returns the reports are in the topic. Raises BrokerUnavailable."""
        if not self._waiting.acquire(blocking=False):
            raise BrokerUnavailable("reports of other producers wait for the broker")
        try:
            if not self._turn.acquire(timeout=ACKNOWLEDGED_WITHIN_S):
                raise BrokerUnavailable("reports of other producers wait for the broker")
            try:
                self._send(reports)
            finally:
                self._turn.release()
        finally:
            self._waiting.release()

    def _send(self, reports: Sequence[SourceReport]) -> None:
        try:
            if self._channel is None:
                self._channel = KafkaReports(
                    kafka_connection(self._settings), self._settings.topics().sources, client_id="chatsnapshot-ingest"
                )
            self._channel.send(reports)
            if not self._channel.settled(ACKNOWLEDGED_WITHIN_S):
                raise BrokerUnavailable(f"the broker has not acknowledged within {ACKNOWLEDGED_WITHIN_S:g} s")
        except ChatSnapshotError:
            self._begin_anew()
            raise

    def _begin_anew(self) -> None:
        """What was not acknowledged is made anew by who reported it; it must not arrive after that."""
        channel, self._channel = self._channel, None
        if channel is not None:
            with suppress(Exception):
                channel.close()
