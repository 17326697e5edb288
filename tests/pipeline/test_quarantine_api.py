"""`/v1/quarantine` over HTTP: look, redrive, discard; statuses, the form of errors, tenants."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from chatsnapshot.server.app import http_app
from chatsnapshot.server.http_roles import HttpRole
from chatsnapshot.settings import Settings
from tests.pipeline.redrive_world import RedriveWorld, id_of, numbered
from tests.pipeline.sequencer_installation import event_id, input_record

ROLES = frozenset({HttpRole.READ, HttpRole.REDRIVE})
ACME = {"x-chatsnapshot-tenant": "acme"}


@pytest.fixture
def world(redrive_world: RedriveWorld) -> RedriveWorld:
    return redrive_world


class Api:
    """Requests to an application of its own."""

    def __init__(self, settings: Settings) -> None:
        self._app = http_app(settings, ROLES)

    def get(self, path: str, **parameters: str) -> httpx.Response:
        return self._ask("GET", path, params=parameters)

    def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> httpx.Response:
        content = {"content": body} if isinstance(body, str) else {"json": body}
        return self._ask("POST", path, headers=headers, **content)

    def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
                return await client.request(method, f"/v1/quarantine{path}", **request)

        return asyncio.run(ask())


@pytest.fixture
def api(world: RedriveWorld) -> Api:
    return Api(world.settings)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    error = answer.json()["error"]
    assert error["message"]
    return answer.status_code, error["code"]


def test_a_record_is_seen_redriven_with_an_edit_and_seen_as_solved(world: RedriveWorld, api: Api) -> None:
    run = "over-http"
    world.send(numbered(run, 0, payload="[]"))
    (row,) = world.waiting(correlation_id=run)
    path = f"/{id_of(row)}"
    listed = {record["id"]: record for record in api.get("", limit="1000").json()["quarantine"]}
    assert listed[id_of(row)]["reason"] == "invalid_envelope"
    assert api.get(path).json()["original"] == input_record(numbered(run, 0, payload="[]"))[1].hex()

    assert refusal(api.post(f"{path}/redrive", {"by": "alice"})) == (422, "invalid_envelope")
    body = '{"by": "alice", "because": "mended", "payload": {"amount":  0.10}}'
    planned = api.post(f"{path}/redrive", body.replace('"by"', '"dry_run": true, "by"'))
    assert (planned.status_code, planned.json()["dry_run"], planned.json()["sent"]) == (200, True, None)
    done = api.post(f"{path}/redrive", body)
    assert (done.status_code, done.json()["result"], done.json()["event_id"]) == (200, "redriven", event_id(run, 0))
    assert world.records(run, 2)[0]["envelope"]["payload"] == '{"amount":  0.10}'

    world.solved(id_of(row))
    solved = api.get(path).json()
    assert (solved["solution"], solved["solved_by"], solved["because"]) == ("redriven", "alice", "mended")
    assert id_of(row) in [record["id"] for record in api.get("", solved="true").json()["quarantine"]]
    assert id_of(row) not in [record["id"] for record in api.get("", limit="1000").json()["quarantine"]]
    assert refusal(api.post(f"{path}/discard", {"by": "bob", "because": "x"})) == (409, "already_solved")


def test_a_known_id_needs_a_new_one(world: RedriveWorld, api: Api) -> None:
    run = "http-conflict"
    world.send(numbered(run, 0))
    world.send(numbered(run, 0, payload='{"other":1}'))
    (row,) = world.waiting(correlation_id=run)
    world.recorded(run, 1)
    path = f"/{id_of(row)}/redrive"
    assert refusal(api.post(path, {"by": "alice"})) == (409, "redrive_refused")
    changed = api.post(path, {"by": "alice", "new_id": True, "set": {"payload.more": [1]}}).json()
    assert changed["edited"] == ["event_id", "payload"]
    assert world.records(run, 3)[1]["envelope"]["payload"] == '{"other":1,"more":[1]}'


def test_what_is_asked_for_wrongly_is_named(world: RedriveWorld, api: Api) -> None:
    run = "asked-wrongly"
    world.misroute(numbered(run, 0))
    (row,) = world.waiting(correlation_id=run)
    path = f"/{id_of(row)}"
    assert refusal(api.post(f"{path}/redrive", {})) == (422, "configuration")
    assert refusal(api.post(f"{path}/discard", {"by": "bob"})) == (422, "configuration")
    assert refusal(api.post(f"{path}/redrive", {"by": "a", "correlation_id": "x"})) == (422, "invalid_envelope")
    assert refusal(api.post(f"{path}/redrive", {"by": "a", "new_id": "yes"})) == (422, "invalid_envelope")
    assert refusal(api.post(f"{path}/redrive", "[1]")) == (422, "invalid_envelope")
    assert refusal(api.post(f"{path}/redrive", "x" * 2_000_000)) == (413, "too_large")
    assert refusal(api.post("/1-0/redrive", {"by": "a"})) == (422, "configuration")
    assert refusal(api.post("/1-0-99999/redrive", {"by": "a"})) == (404, "not_found")
    assert refusal(api.get("/1-0-99999")) == (404, "not_found")
    assert refusal(api.get("", solved="perhaps")) == (422, "configuration")
    assert world.marks(id_of(row)) == []


def test_a_tenant_touches_its_own_records_only(world: RedriveWorld, api: Api) -> None:
    run, garbage = "http-tenant", b"nobody's"
    world.misroute(numbered(run, 0))
    world.misroute(numbered(run, 1, tenant_id="acme"))
    world.send_bytes(garbage, 0, b"nobody")
    (mine,) = world.waiting(correlation_id=run, tenant_id="default")
    (acmes,) = world.waiting(tenant="acme", correlation_id=run, tenant_id="acme")
    (nobodys,) = world.waiting(original=garbage)
    because = {"by": "alice", "because": "a test"}
    assert refusal(api.post(f"/{id_of(mine)}/discard", because, ACME)) == (404, "not_found")
    assert refusal(api.post(f"/{id_of(nobodys)}/discard", because, ACME)) == (403, "wrong_tenant")
    pinned = Api(world.settings.model_copy(update={"tenant": "acme"}))
    assert refusal(pinned.post(f"/{id_of(nobodys)}/discard", because, {"x-chatsnapshot-tenant": "acme"})) == (
        403,
        "wrong_tenant",
    )
    assert api.post(f"/{id_of(acmes)}/redrive", because, ACME).json()["tenant_id"] == "acme"
    # without a header a server that is not pinned to a tenant serves everybody
    assert api.post(f"/{id_of(nobodys)}/discard", because).json()["result"] == "discarded"
    assert api.post(f"/{id_of(mine)}/discard", because).json()["result"] == "discarded"


def test_a_whole_envelope_of_another_tenant_is_refused(world: RedriveWorld, api: Api) -> None:
    garbage = b"acme's garbage"
    world.send_bytes(garbage, 2, b"acme/theirs")
    (row,) = world.waiting(tenant="acme", original=garbage)
    envelope = {
        "event_type": "execution.message",
        "timestamp": "2026-01-31T12:00:00Z",
        "payload": {},
        "correlation_id": "ours",
    }
    body = {"by": "alice", "envelope": {**envelope, "tenant_id": "default"}}
    assert refusal(api.post(f"/{id_of(row)}/redrive", body, ACME)) == (403, "wrong_tenant")
    done = api.post(f"/{id_of(row)}/redrive", {"by": "alice", "envelope": envelope}, ACME)
    assert (done.json()["tenant_id"], done.json()["correlation_id"]) == ("acme", "ours")
