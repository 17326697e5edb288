"""The conformance scenario of an adapter, live and from stored history."""

import asyncio
import json
from typing import Any

import pytest
from ag2 import Agent, Context, MemoryStream, TaskConfig, tool
from ag2.events import BaseEvent, ModelMessageChunk, ModelReasoning, ModelRequest, ToolCallEvent
from ag2.exceptions import HumanInputError
from ag2.middleware.builtin.tools.approval import approval_required
from ag2.testing import TestConfig

from chatsnapshot.runtimes.ag2 import Trail, attach
from chatsnapshot_producers.event_ids import natural_event_id
from chatsnapshot_schemas.payloads import MODELS
from tests.fixtures.ag2_scenario import MODEL_CALLS, answer, call, desk
from tests.fixtures.recorded_run import RecordedRun

FIXED = "00000000-0000-4000-8000-000000000001"


def fixed_stream() -> MemoryStream:
    from uuid import UUID

    return MemoryStream(id=UUID(FIXED))


async def play(*, streaming: bool = False, **more: Any) -> tuple[RecordedRun, MemoryStream]:
    recorded, stream = RecordedRun(), fixed_stream()
    agent = desk(streaming=streaming, hook=lambda: "yes", **more)
    with attach(agent, recorded.run) as attachment:
        reply = await agent.ask("hello", stream=stream)
        assert reply.body == "all done"
        assert attachment.failures == 0
    return recorded, stream


def causes(recorded: RecordedRun, envelope: Any) -> list[str]:
    """The natural keys of an event's causes."""
    named = {e.event_id: json.loads(e.payload).get("runtime_event", {}).get("id") for e in recorded.envelopes}
    ids = ([envelope.causation_id] if envelope.causation_id else []) + list(envelope.caused_by)
    return [named[event_id] for event_id in ids]


async def test_every_cause_is_recorded_before_its_effect() -> None:
    recorded, _ = await play()
    seen: set[str] = set()
    for envelope in recorded.envelopes:
        assert {*filter(None, [envelope.causation_id]), *envelope.caused_by} <= seen, envelope.payload
        assert envelope.event_id not in seen
        seen.add(envelope.event_id)
    assert sum(envelope.causation_id is None for envelope in recorded.envelopes) == 1


async def test_parallel_tools_are_recorded_as_they_end_and_pair_as_they_were_asked() -> None:
    recorded, _ = await play()
    results = recorded.payloads("execution.tool_result")
    assert [result["tool_call_id"] for result in results[:2]] == ["t2", "t1"]
    assert [result["index"] for result in results[:2]] == [1, 0]
    assert results[0]["batch_id"] == results[1]["batch_id"]
    assert results[0]["output"] == {"quick": "2"}
    assert results[0]["status"] == "ok"
    second = recorded.one("execution.message", response_id="resp-1")
    assert causes(recorded, second) == ["result:t1", "result:t2"]
    assert causes(recorded, recorded.one("execution.tool_call", tool_call_id="t1")) == ["ModelResponse:0"]


async def test_a_question_to_a_person_and_its_answer_are_recorded_in_spite_of_the_hook() -> None:
    recorded, _ = await play()
    asked = recorded.one("execution.state_change", kind="input.requested")
    answered = recorded.one("ui.interaction", decision="answer")
    assert json.loads(asked.payload)["prompt"] == "really?"
    assert json.loads(asked.payload)["tool_call_id"] == "t3"
    assert json.loads(answered.payload)["answer"] == "yes"
    assert causes(recorded, asked) == ["call:t3"]
    assert answered.causation_id == asked.event_id
    assert answered.source.origin == "ui"


async def test_a_sub_agent_is_recorded_as_a_child() -> None:
    recorded, _ = await play()
    started = recorded.one("system.agent_started", name="payments")
    payload = json.loads(started.payload)
    assert payload["parent_agent_run_id"] == FIXED
    assert payload["parent_entity_id"] == turn_of(recorded)
    assert causes(recorded, started) == ["call:t4"]
    inside = [e for e in recorded.envelopes if json.loads(e.payload).get("agent_run_id") == payload["agent_run_id"]]
    assert {"execution.message", "execution.tool_call", "execution.tool_result"} <= {e.event_type for e in inside}
    assert all(json.loads(e.payload)["parent_agent_run_id"] == FIXED for e in inside)
    ended = json.loads(recorded.one("system.task_completed").payload)
    assert ended["child_agent_run_id"] == payload["agent_run_id"]
    assert ended["parent_entity_id"] == turn_of(recorded)
    delegated = recorded.one("execution.message", role="user", recipient="payments")
    assert json.loads(delegated.payload)["agent"] == "desk"


def turn_of(recorded: RecordedRun) -> str:
    return str(json.loads(recorded.one("system.run_started").payload)["entity_id"])


async def test_turns_are_bracketed_and_the_outer_one_is_the_run() -> None:
    recorded, _ = await play()
    assert recorded.envelopes[0].event_type == "system.run_started"
    assert recorded.envelopes[-1].event_type == "system.run_completed"
    assert recorded.envelopes[0].source.agent == "desk"
    assert recorded.envelopes[0].source.runtime == "ag2"
    assert "parent_entity_id" not in json.loads(recorded.envelopes[0].payload)


async def test_an_enclosing_lifecycle_is_the_parent_and_the_cause() -> None:
    recorded = RecordedRun()
    agent = Agent("desk", config=TestConfig("hi"))
    with recorded.run.lifecycle() as started, attach(agent, recorded.run):
        await agent.ask("hello")
    turn = recorded.one("system.run_started")
    assert turn.causation_id == started.event_id
    assert json.loads(turn.payload)["parent_entity_id"] == recorded.run.id


async def test_what_the_application_records_inside_a_tool_follows_from_the_call() -> None:
    recorded = RecordedRun()
    agent = desk(
        streaming=False,
        hook=lambda: "yes",
        inside_tool=lambda: recorded.run.record("integration.call", {"service": "bank"}) and None,
    )
    with attach(agent, recorded.run):
        await agent.ask("hello")
    assert causes(recorded, recorded.one("integration.call", service="bank")) == ["call:t2"]


async def test_each_model_call_is_billed_once() -> None:
    recorded, _ = await play()
    spent = [json.loads(e.payload) for e in recorded.envelopes if "usage" in json.loads(e.payload)]
    calls = {(p["model_call_id"], p.get("attempt", 1)) for p in spent if p["usage"]["scope"] == "call"}
    assert len(calls) == MODEL_CALLS
    for payload in spent:
        if payload["usage"]["scope"] == "call":
            assert payload["model_call_id"]
            assert payload["usage"]["input_uncached"] == 60
            assert payload["usage"]["output_text"] == 15
    rollups = [p for p in spent if p["usage"]["scope"] == "rollup"]
    assert [(p["label"], p["usage"]["reported"]["input"]) for p in rollups] == [("payments", 200)]
    assert "model_call_id" not in rollups[0]


async def test_streaming_changes_nothing() -> None:
    plain, _ = await play(streaming=False)
    streamed, _ = await play(streaming=True)

    def facts(recorded: RecordedRun) -> list[Any]:
        return [_without_chance(json.loads(e.payload)) for e in recorded.envelopes if _of_the_desk(e)]

    assert facts(plain) == facts(streamed)
    ids = [{e.event_id for e in recorded.envelopes if _has_stable_key(e)} for recorded in (plain, streamed)]
    assert ids[0] == ids[1]


def _of_the_desk(envelope: Any) -> bool:
    return json.loads(envelope.payload).get("agent_run_id") == FIXED


def _has_stable_key(envelope: Any) -> bool:
    """Ids that AG2 makes anew each time (of questions and tasks) are no part of the comparison."""
    natural = json.loads(envelope.payload).get("runtime_event", {}).get("id", "")
    return _of_the_desk(envelope) and not natural.startswith(("hitl:", "answer:", "task:", "turn:"))


def _without_chance(payload: dict[str, Any]) -> dict[str, Any]:
    chance = {"duration_ms", "runtime_event", "request_id", "entity_id", "parent_entity_id", "child_agent_run_id"}
    return {key: value for key, value in payload.items() if key not in chance}


async def test_ids_agree_between_live_tap_and_stored_history() -> None:
    recorded, stream = await play()
    stored = [
        json.loads(json.dumps({"type": type(e), "data": e.to_dict()}, default=str)) for e in await _history(stream)
    ]
    restored = [type(event).from_dict(item["data"]) for event, item in zip(await _history(stream), stored, strict=True)]
    trail = Trail(FIXED)
    drafts = [draft for event in restored for draft in trail.read(event)]
    ids = {natural_event_id("default", "run-1", "ag2", draft.key) for draft in drafts}
    live = {e.event_id for e in recorded.envelopes if _of_the_desk(e)}
    assert len(ids) == len(drafts) > 20
    assert ids <= live
    left = [json.loads(e.payload) for e in recorded.envelopes if _of_the_desk(e) and e.event_id not in ids]
    kinds = sorted(p.get("kind") or p["entity"] for p in left)
    assert kinds == ["input.requested", "reasoning", "run", "run"]  # what AG2 never stores


async def test_stored_history_gives_the_same_facts_so_that_recording_it_again_changes_nothing() -> None:
    recorded, stream = await play()
    trail = Trail(FIXED, agent="desk")
    drafts = {draft.key: draft for event in await _history(stream) for draft in trail.read(event)}
    live = {e.event_id: e for e in recorded.envelopes}
    compared = 0
    for key, draft in drafts.items():
        envelope = live[natural_event_id("default", "run-1", "ag2", key)]
        if draft.event_type.startswith(("execution.message", "execution.tool")):
            sent = json.loads(envelope.payload)
            assert {k: v for k, v in sent.items() if k != "runtime_event"} == {
                k: v for k, v in draft.payload.items() if k != "runtime_event"
            }
            compared += 1
    assert compared > 10


async def _history(stream: MemoryStream) -> list[BaseEvent]:
    return list(await stream.history.get_events())


async def test_payloads_follow_the_conventions() -> None:
    from chatsnapshot_schemas.event_types import primitive_of

    recorded, _ = await play(streaming=True)
    for envelope in recorded.envelopes:
        MODELS[primitive_of(envelope.event_type)].model_validate_json(envelope.payload)


async def test_a_tool_error_is_a_result() -> None:
    @tool
    async def breaks() -> str:
        """Breaks."""
        raise ValueError("no paper")

    recorded = RecordedRun()
    config = TestConfig(answer(None, call("b", "breaks"), call("n", "nothing")), "sorry", raise_tool_errors=False)
    agent = Agent("desk", config=config, tools=[breaks])
    with attach(agent, recorded.run):
        await agent.ask("go")
    result = recorded.payloads("execution.tool_result", tool_call_id="b")[0]
    assert result["status"] == "error"
    assert result["error"] == {"type": "ValueError", "message": "no paper"}
    assert recorded.payloads("execution.tool_result", tool_call_id="n")[0]["status"] == "not_found"


async def test_a_provider_error_leaves_a_partial_message_and_a_failed_turn() -> None:
    recorded = RecordedRun()
    agent = Agent(
        "desk", config=TestConfig(ModelMessageChunk("half a "), ModelMessageChunk("word"), TimeoutError("gone"))
    )
    with attach(agent, recorded.run), pytest.raises(TimeoutError):
        await agent.ask("go")
    partial = recorded.one("execution.message", partial=True)
    assert json.loads(partial.payload)["content"] == "half a word"
    failed = recorded.one("execution.state_change", kind="error")
    ended = recorded.one("system.run_failed")
    assert json.loads(ended.payload)["error"] == {"type": "TimeoutError", "message": "gone"}
    assert ended.causation_id == failed.event_id


async def test_a_cancelled_turn_is_recorded_as_cancelled() -> None:
    @tool
    async def hangs() -> str:
        """Hangs."""
        reached.set()
        await asyncio.sleep(60)
        return ""

    reached, recorded = asyncio.Event(), RecordedRun()
    agent = Agent("desk", config=TestConfig(answer(None, call("h", "hangs"))), tools=[hangs])
    with attach(agent, recorded.run):
        turn = asyncio.ensure_future(agent.ask("go"))
        await reached.wait()
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn
    recorded.one("system.run_cancelled")
    assert recorded.payloads("execution.tool_call", tool_call_id="h")
    assert not recorded.payloads("execution.tool_result")


async def test_recording_that_fails_never_reaches_the_run(caplog: pytest.LogCaptureFixture) -> None:
    recorded = RecordedRun()
    recorded.double.refuse = OSError("no space left")
    agent = desk(streaming=True, hook=lambda: "yes")
    with attach(agent, recorded.run) as attachment:
        reply = await agent.ask("hello")
    assert reply.body == "all done"
    assert attachment.failures > 20
    assert attachment.recorded == 0
    warnings = [record for record in caplog.records if "recording failed" in record.message]
    assert len(warnings) == 1


async def test_a_failure_is_recorded_once_recording_works_again() -> None:
    recorded = RecordedRun()

    def broken(self: Any, event: BaseEvent, tool_call_id: str | None = None) -> list[Any]:
        return [] if isinstance(event, ModelRequest) and trouble() else read(self, event, tool_call_id)

    def trouble() -> bool:
        raise LookupError("a bug in the adapter")

    read = Trail.read
    agent = Agent("desk", config=TestConfig("hi"))
    with pytest.MonkeyPatch.context() as patch, attach(agent, recorded.run) as attachment:
        patch.setattr(Trail, "read", broken)
        await agent.ask("hello")
    assert attachment.failures == 1
    failure = json.loads(recorded.one("system.recording_failed").payload)
    assert failure["error"] == {"type": "LookupError", "message": "a bug in the adapter"}
    assert recorded.payloads("execution.message", role="assistant")


async def test_an_approval_that_is_refused() -> None:
    @tool(middleware=[approval_required()])
    async def pay() -> str:
        """Pays."""
        return "paid"

    recorded = RecordedRun()
    agent = Agent("desk", config=TestConfig(answer(None, call("p", "pay")), "ok"), tools=[pay], hitl_hook=lambda: "n")
    with attach(agent, recorded.run):
        await agent.ask("go")
    assert json.loads(recorded.one("execution.state_change", kind="approval.requested").payload)["tool_call_id"] == "p"
    assert recorded.payloads("ui.interaction")[0]["decision"] == "reject"
    assert recorded.payloads("execution.tool_result")[0]["status"] == "denied"


async def test_a_person_who_does_not_answer_leaves_abandoned_calls() -> None:
    @tool
    async def ask(ctx: Context) -> str:
        """Asks."""
        return await ctx.input("anyone?")

    recorded = RecordedRun()
    agent = Agent("desk", config=TestConfig(answer(None, call("a", "ask"))), tools=[ask])
    with attach(agent, recorded.run), pytest.raises(HumanInputError):
        await agent.ask("go")
    assert recorded.payloads("execution.tool_result")[0]["status"] == "abandoned"
    recorded.one("execution.state_change", kind="history.replaced")
    recorded.one("system.run_failed")


async def test_sub_tasks_that_no_middleware_reaches_are_recorded_through_the_storage() -> None:
    recorded = RecordedRun()
    script = TestConfig(answer("the sub-task's answer"))
    agent = Agent(
        "desk",
        config=TestConfig(answer(None, call("s", "run_subtask", task="think")), "done"),
        tasks=TaskConfig(config=script),
    )
    with attach(agent, recorded.run) as attachment:
        await agent.ask("go")
    assert attachment.failures == 0
    inside = recorded.one("execution.message", content="the sub-task's answer")
    assert json.loads(inside.payload)["parent_agent_run_id"]
    calls = [p for p in recorded.payloads("execution.message", role="assistant") if "usage" in p]
    assert len({p["model_call_id"] for p in calls}) == len(calls) == 2


async def test_the_next_turn_continues_the_stream() -> None:
    recorded, stream = RecordedRun(), fixed_stream()
    agent = Agent("desk", config=TestConfig("one"))
    with attach(agent, recorded.run):
        await agent.ask("first", stream=stream)
        await agent.ask("second", stream=stream)
    second = recorded.one("execution.message", content="second")
    starts = [envelope for envelope in recorded.envelopes if envelope.event_type == "system.run_started"]
    answered = recorded.envelopes[[e.event_type for e in recorded.envelopes].index("system.run_completed") - 1]
    assert (second.causation_id, second.caused_by) == (answered.event_id, (starts[1].event_id,))
    assert len({e.event_id for e in recorded.envelopes}) == len(recorded.envelopes)


@pytest.mark.parametrize("resumed", [True, False])
async def test_a_resumed_stream_counts_on_from_its_history(resumed: bool) -> None:
    first, stream = RecordedRun(), fixed_stream()
    with attach(agent := Agent("desk", config=TestConfig(ModelReasoning("hm"), "one")), first.run):
        await agent.ask("first", stream=stream)
    again, copy = RecordedRun(), fixed_stream()
    await copy.history.replace(await _history(stream))
    with attach(agent := Agent("desk", config=TestConfig(ModelReasoning("hm"), "two")), again.run, resumed=resumed):
        await agent.ask("second", stream=copy)
    asked = again.one("execution.message", content="second")
    assert json.loads(asked.payload)["runtime_event"]["id"] == "ModelRequest:1"
    before, now = ({e.event_id for e in recorded.envelopes} for recorded in (first, again))
    assert not before & now
    answered = first.one("execution.message", content="one")
    assert asked.causation_id in ({answered.event_id} if resumed else now)


async def test_a_stream_alone_can_be_attached() -> None:
    recorded, stream = RecordedRun(), fixed_stream()
    with attach(stream, recorded.run):
        await Agent("desk", config=TestConfig("hi")).ask("hello", stream=stream)
    await Agent("desk", config=TestConfig("hi")).ask("unseen", stream=stream)
    assert [p["content"] for p in recorded.payloads("execution.message")] == ["hello", "hi"]
    assert all(e.source.runtime == "ag2" for e in recorded.envelopes)


async def test_after_detaching_nothing_is_recorded_and_nothing_is_left_on_the_agent() -> None:
    recorded = RecordedRun()
    agent = Agent("desk", config=TestConfig("hi"))
    with attach(agent, recorded.run):
        pass
    await agent.ask("hello")
    assert recorded.envelopes == []
    assert agent.middleware == ()


async def test_a_call_id_that_a_provider_uses_twice_names_two_calls() -> None:
    @tool
    async def look() -> str:
        """Looks."""
        return "seen"

    recorded = RecordedRun()
    config = TestConfig(answer(None, call("call_1", "look")), answer(None, call("call_1", "look")), "done")
    agent = Agent("desk", config=config, tools=[look])
    with attach(agent, recorded.run):
        await agent.ask("go")
    assert [p.get("attempt", 1) for p in recorded.payloads("execution.tool_call")] == [1, 2]
    assert [p.get("attempt", 1) for p in recorded.payloads("execution.tool_result")] == [1, 2]
    assert len({e.event_id for e in recorded.envelopes}) == len(recorded.envelopes)


async def test_a_huge_tool_output_is_recorded_shortened() -> None:
    @tool
    async def dump() -> str:
        """Dumps."""
        return "x" * 300_000

    recorded = RecordedRun()
    agent = Agent("desk", config=TestConfig(answer(None, call("d", "dump")), "done"), tools=[dump])
    with attach(agent, recorded.run) as attachment:
        await agent.ask("go")
    assert attachment.failures == 0
    result = recorded.payloads("execution.tool_result")[0]
    assert len(result["output"]) == 4096
    assert result["truncated"] == ["$.output"]


def test_only_agents_and_streams_can_be_attached() -> None:
    with pytest.raises(TypeError, match="or a stream"):
        attach(ToolCallEvent("x"), RecordedRun().run)  # type: ignore[arg-type]


async def test_a_long_running_parent_outlives_its_many_sub_agents(monkeypatch: pytest.MonkeyPatch) -> None:
    from chatsnapshot.runtimes.ag2 import followed_streams

    monkeypatch.setattr(followed_streams.FollowedStreams.__init__, "__defaults__", (2,))
    recorded = RecordedRun()
    tasks = [call(f"s{n}", "task_helper", objective=f"part {n}") for n in range(5)]
    helper = Agent("helper", config=TestConfig("done"))
    agent = Agent("desk", config=TestConfig(answer(None, *tasks), "all done"), tools=[helper.as_tool(description="x")])
    with attach(agent, recorded.run) as attachment:
        await agent.ask("go")
    assert attachment.failures == 0
    assert len(recorded.payloads("execution.message", content="done")) == 5
    last = recorded.one("execution.message", content="all done")
    assert causes(recorded, last) == [f"result:s{n}" for n in range(5)]
    assert len({e.event_id for e in recorded.envelopes}) == len(recorded.envelopes)
