"""An AG2 run through the real Recorder, Kafka and sequencer: what ends in the ledger."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatsnapshot.demo.planted import INSTANCE
from chatsnapshot.demo.story import Story, tell
from chatsnapshot.recording import Recorder
from chatsnapshot.runtimes.ag2 import attach
from chatsnapshot_schemas.headers import QUARANTINE_REASON
from chatsnapshot_schemas.rules import Plain
from tests.fixtures.ag2_scenario import MODEL_CALLS, desk
from tests.pipeline.sequencer_installation import Installation, Worker, assert_intact, eventually

HOLD_MICROS = 1_000_000
DELIVERED_WITHIN_S = 30.0


@pytest.fixture(scope="module")
def installation(kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    made = Installation(kafka_bootstrap, tmp_path_factory.mktemp("ag2"))
    made.migrate()
    return made


@pytest.fixture(scope="module", autouse=True)
def worker(installation: Installation) -> Iterator[Worker]:
    with installation.worker(hold_micros=HOLD_MICROS).running() as running:
        yield running


@pytest.fixture
def recorders(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Recorder, Recorder]]:
    monkeypatch.setenv("CHATSNAPSHOT_TOPIC_PREFIX", installation.topics.prefix)
    monkeypatch.setenv("CHATSNAPSHOT_SPOOL_DIR", str(tmp_path / "spool"))
    url = f"kafka://{installation.bootstrap}"
    with Recorder.connect(url, service="refunds") as first, Recorder.connect(url, service="bank-gateway") as second:
        yield first, second


def of_run(installation: Installation, run_id: str) -> list[Plain]:
    return [plain for plain in installation.ledger() if plain["envelope"]["correlation_id"] == run_id]


def payloads(records: list[Plain], event_type: str) -> list[dict[str, object]]:
    return [json.loads(r["envelope"]["payload"]) for r in records if r["envelope"]["event_type"] == event_type]


async def told(recorders: tuple[Recorder, Recorder]) -> Story:
    story = await tell(*recorders)
    for recorder in recorders:
        recorder.flush(DELIVERED_WITHIN_S)
    return story


async def test_the_demos_story_is_complete_but_for_what_was_planted(
    installation: Installation, recorders: tuple[Recorder, Recorder]
) -> None:
    story = await told(recorders)
    records = eventually(lambda: r if len(r := of_run(installation, story.run_id)) >= story.events else None)
    assert len(records) == story.events
    assert_intact(installation.ledger_bodies())
    assert [r["envelope"]["source"]["instance"] for r in records if r["gap_before"]] == [INSTANCE]
    assert not [r["envelope"]["event_type"] for r in records if r["cause"] == "unresolved" or r["late"]]
    refused = installation.records(installation.topics.quarantine)
    assert [dict(message.headers() or [])[QUARANTINE_REASON] for message in refused] == [b"event_id_conflict"]
    assert {r["envelope"]["source"]["service"] for r in records} == {"refunds", "bank-gateway", "demo"}


async def test_the_story_has_everything_that_a_run_can_have(
    installation: Installation, recorders: tuple[Recorder, Recorder]
) -> None:
    story = await told(recorders)
    records = eventually(lambda: r if len(r := of_run(installation, story.run_id)) >= story.events else None)
    assert {r["envelope"]["source"]["agent"] for r in records} == {None, "refund-desk", "payments"}
    results = payloads(records, "execution.tool_result")
    assert [result["tool_call_id"] for result in results][:2] == ["look-2", "look-1"]
    assert payloads(records, "ui.approval_given")[0]["decision"] == "approve"
    assert [call["phase"] for call in payloads(records, "integration.call")] == ["started", "completed"]
    scheduled = payloads(records, "system.task_scheduled")
    assert [task["depends_on"] for task in scheduled] == [[], ["check-claim"], ["approve"]]
    spent = [p for p in payloads(records, "execution.message") if "usage" in p]
    assert len({p["model_call_id"] for p in spent}) == len(spent) == MODEL_CALLS
    assert payloads(records, "system.workflow_completed")[0]["workflow_name"] == "refund"


async def test_a_run_of_agents_alone_is_a_whole_run(
    installation: Installation, recorders: tuple[Recorder, Recorder]
) -> None:
    run = recorders[0].run()
    agent = desk(streaming=True, hook=lambda: "yes")
    with attach(agent, run) as attachment:
        await agent.ask("hello")
    assert attachment.failures == 0
    recorders[0].flush(DELIVERED_WITHIN_S)
    records = eventually(lambda: r if len(r := of_run(installation, run.id)) >= attachment.recorded else None)
    assert len(records) == attachment.recorded
    assert records[0]["envelope"]["event_type"] == "system.run_started"
    assert records[-1]["envelope"]["event_type"] == "system.run_completed"
    assert [r["cause"] for r in records].count("root") == 1
    assert not [r for r in records if r["gap_before"] or r["late"] or r["cause"] == "unresolved"]
