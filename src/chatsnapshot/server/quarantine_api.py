"""Role `redrive`: `POST /v1/quarantine/{id}/redrive` and `/discard`."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from chatsnapshot.kafka.admin import partition_count
from chatsnapshot.reading.sources import Sources
from chatsnapshot.redriving.redriver import Order, Redriver
from chatsnapshot.redriving.selection import Scope
from chatsnapshot.server.answers import JsonAnswer, error_answer
from chatsnapshot.server.tenants import tenant_rule
from chatsnapshot.settings import Settings
from chatsnapshot_processors.redrive.edit import Edit
from chatsnapshot_schemas.errors import ChatSnapshotError, InvalidEvent, QuarantineBusy
from chatsnapshot_schemas.payload_json import PAYLOAD_BYTES_MAX, member_texts
from chatsnapshot_schemas.quarantine_entries import InputPlace
from chatsnapshot_schemas.reasons import Reason

PATH = "/v1/quarantine/{id}"
BODY_BYTES_MAX = 4 * PAYLOAD_BYTES_MAX
"""A whole envelope, also with every character escaped."""
TURN_WITHIN_S = 30.0
"""Requests are served one after the other: two that solve records of one partition would only fence each other."""
_REDRIVE_MEMBERS = ("by", "because", "payload", "set", "envelope", "new_id", "dry_run")
_DISCARD_MEMBERS = ("by", "because", "dry_run")
_GONE = 400


class QuarantineApi:
    """One record at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sources = Sources(settings, settings.tenant)
        self._turn = threading.Lock()

    def routes(self) -> list[Route]:
        """Both."""
        return [
            Route(f"{PATH}/redrive", self._endpoint(_redrive_order), methods=["POST"]),
            Route(f"{PATH}/discard", self._endpoint(_discard_order), methods=["POST"]),
        ]

    async def ready(self) -> None:
        """Raise BrokerUnavailable, ClickHouseUnavailable unless both answer."""
        await run_in_threadpool(self._look)

    def _look(self) -> None:
        partition_count(self._sources.kafka, self._sources.topics.quarantine)
        self._sources.queries.quarantine(self._settings.tenant, limit=1)

    def _endpoint(self, order_of: Callable[[bytes], Order]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            try:
                rule = tenant_rule(request, self._settings)
                scope = Scope.of_tenant(rule.tenant_id) if rule.alone else Scope(None)
                place = InputPlace.from_text(request.path_params["id"])
                order = order_of(await _body(request))
                return await run_in_threadpool(self._solve, request, scope, place, order)
            except ChatSnapshotError as error:
                return error_answer(request, error)
            except ClientDisconnect:
                return Response(status_code=_GONE)

        return endpoint

    def _solve(self, request: Request, scope: Scope, place: InputPlace, order: Order) -> Response:
        """200 with what was done; a refusal as an error."""
        with self._in_turn():
            redriver = Redriver(self._sources, scope)
            (outcome,) = redriver.solve([redriver.selection.one(place)], order)
        if outcome.error is not None:
            return error_answer(request, outcome.error)
        return JsonAnswer({"dry_run": order.dry_run, **outcome.as_dict()})

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        if not self._turn.acquire(timeout=TURN_WITHIN_S):
            raise QuarantineBusy("other requests solve quarantine records now")
        try:
            yield
        finally:
            self._turn.release()


def _redrive_order(body: bytes) -> Order:
    """`{"by", "because", "payload" or "set" or "envelope", "new_id", "dry_run"}`."""
    texts, members = _members(body, _REDRIVE_MEMBERS)
    edit = Edit(
        payload=texts.get("payload"),
        changes=_typed(members, "set", dict, {}),
        envelope=texts.get("envelope"),
        new_id=_typed(members, "new_id", bool, False),
    )
    return _order(members, edit)


def _discard_order(body: bytes) -> Order:
    """`{"by", "because", "dry_run"}`."""
    return _order(_members(body, _DISCARD_MEMBERS)[1], None)


def _order(members: Mapping[str, Any], edit: Edit | None) -> Order:
    by, because = _typed(members, "by", str, ""), _typed(members, "because", str, "")
    return Order(by, because, edit, _typed(members, "dry_run", bool, False))


def _members(body: bytes, allowed: tuple[str, ...]) -> tuple[dict[str, str], dict[str, Any]]:
    """The body's members as source text (a payload is kept byte for byte) and as values."""
    try:
        texts = member_texts(body.decode())
        members = {name: json.loads(text) for name, text in texts.items()}
    except (ValueError, RecursionError) as error:
        raise InvalidEvent("body", f"not a JSON object: {error}") from None
    for name in members:
        if name not in allowed:
            raise InvalidEvent(name, f"is not known; there are {', '.join(allowed)}")
    return {name: text for name, text in texts.items() if members[name] is not None}, members


def _typed(members: Mapping[str, Any], name: str, kind: type, otherwise: Any) -> Any:
    value = members.get(name)
    if value is None:
        return otherwise
    if type(value) is not kind:
        raise InvalidEvent(name, f"{kind.__name__} is needed, not {type(value).__name__}")
    return value


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise InvalidEvent("body", f"more than {BODY_BYTES_MAX:,} bytes", Reason.TOO_LARGE)
    return bytes(body)
