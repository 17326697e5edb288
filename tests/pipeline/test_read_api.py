"""The read API over the running stack."""

import uuid
from urllib.parse import quote

import httpx
import pytest

from chatsnapshot import Recorder
from chatsnapshot.connecting import kafka_connection
from tests.fixtures.whole_stack import WholeStack
from tests.pipeline.test_record_to_sql import count, wait_until


@pytest.fixture(scope="module")
def api(whole_stack: WholeStack) -> httpx.Client:
    url = whole_stack.json("status")["endpoints"]["http"]["url"]
    return httpx.Client(base_url=url, timeout=60)


@pytest.fixture(scope="module")
def run_id(whole_stack: WholeStack) -> str:
    broker = kafka_connection(whole_stack.settings).bootstrap_servers
    with Recorder.connect(f"kafka://{broker}", service="api") as recorder:
        run = recorder.run(f"api/{uuid.uuid4().hex[:6]}?x=1")
        for number in range(7):
            run.record("execution.message", {"role": "user", "content": f"message {number}"})
        recorder.flush(timeout=30)
    wait_until(lambda: count(whole_stack, run.id) == 7)
    return run.id


def test_a_run_id_with_slashes_is_one_segment(api: httpx.Client, run_id: str) -> None:
    answer = api.get(f"/v1/runs/{quote(run_id, safe='')}")
    assert answer.status_code == 200
    assert answer.json()["correlation_id"] == run_id
    assert answer.json()["events"] == 7


def test_pages_follow_each_other_until_the_end(api: httpx.Client, run_id: str) -> None:
    path, after, seen = f"/v1/runs/{quote(run_id, safe='')}/events", 0, []
    while after is not None:
        page = api.get(path, params={"mode": "raw", "after": after, "limit": 3}).json()
        seen += [event["sequence_no"] for event in page["events"]]
        after = page["next_after"]
    assert seen == list(range(1, 8))


@pytest.mark.parametrize("view", ["transcript", "graph", "timeline", "cost"])
def test_views_answer(api: httpx.Client, run_id: str, view: str) -> None:
    assert api.get(f"/v1/runs/{quote(run_id, safe='')}/{view}").status_code == 200


def test_verification_is_asked_for_by_post(api: httpx.Client, run_id: str) -> None:
    assert api.post(f"/v1/runs/{quote(run_id, safe='')}/verifications").json()["verdict"] == "intact and complete"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/runs/nobody", 404, "not_found"),
        ("/v1/runs?limit=x", 422, "configuration"),
        ("/v1/runs/nobody/events?mode=all", 422, "configuration"),
    ],
)
def test_errors_carry_a_stable_code(api: httpx.Client, path: str, status: int, code: str) -> None:
    answer = api.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_health_and_metrics(api: httpx.Client) -> None:
    assert api.get("/healthz").text == "ok\n"
    assert api.get("/readyz").status_code == 200
    assert "chatsnapshot_http_requests_total" in api.get("/metrics").text
