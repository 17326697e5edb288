"""The plain loop: one event at a time, without a live run."""

import inspect

import pytest
from ag2 import events
from ag2.events import BaseEvent, BinaryInput, DataInput, TextInput, ToolResult

from chatsnapshot.runtimes.ag2 import map_event, normalize
from chatsnapshot.runtimes.ag2.event_map import DELTAS, UNRECORDED
from chatsnapshot.runtimes.ag2.parts import INLINE_BYTES_MAX
from chatsnapshot_schemas.event_types import primitive_of

CALL = events.ToolCallEvent("look", id="c1", arguments='{"x": 1}')


@pytest.mark.parametrize(
    ("event", "event_type", "key", "parent"),
    [
        (events.ModelRequest([TextInput("hi")]), "execution.message", None, None),
        (events.ModelResponse(response_id="r9"), "execution.message", "response:r9", None),
        (CALL, "execution.tool_call", "call:c1", None),
        (events.ToolResultEvent.from_call(CALL, "seen"), "execution.tool_result", "result:c1", "call:c1"),
        (events.ToolErrorEvent.from_call(CALL, ValueError("x")), "execution.tool_result", "result:c1", "call:c1"),
        (events.HumanInputRequest("?", id="h1"), "execution.state_change", "hitl:h1", None),
        (events.ToolApprovalRequest("?", id="h1", tool_call_id="c1"), "execution.state_change", "hitl:h1", "call:c1"),
        (events.HumanMessage("yes", parent_id="h1"), "ui.interaction", "answer:h1", "hitl:h1"),
        (events.ClientToolCallEvent.from_call(CALL), "execution.state_change", "client:c1", "call:c1"),
        (
            events.TaskStarted(task_id="k", agent_name="a", objective="o", parent_tool_call_id="c1"),
            "system.task_started",
            "task:k:started",
            "call:c1",
        ),
        (
            events.TaskFailed(task_id="k", agent_name="a", objective="o", error=ValueError("x")),
            "system.task_failed",
            "task:k:failed",
            "task:k:started",
        ),
        (events.UsageEvent(events.Usage(1, 1, 2), kind="compaction"), "execution.state_change", None, None),
        (events.CompactionStarted(agent="a", strategy="s", event_count=3), "execution.state_change", None, None),
        (events.ObserverAlert(source="o", severity="info", message="m"), "execution.state_change", None, None),
    ],
)
def test_an_event_has_a_type_and_a_payload_that_names_itself_and_its_cause(
    event: BaseEvent, event_type: str, key: str | None, parent: str | None
) -> None:
    assert map_event(event) == event_type
    named = normalize(event)["runtime_event"]
    assert named["type"] == type(event).__name__
    assert (named.get("id"), named.get("parent")) == (key, parent)


@pytest.mark.parametrize(
    "event",
    [
        events.ModelMessageChunk("a"),
        events.ModelMessage("a"),
        events.ModelReasoning("a"),
        events.TaskProgress(task_id="k", agent_name="a", objective="o", content="c"),
        events.MessageEnqueued(),
        events.RecordedAudioEvent(b"..."),
    ],
)
def test_deltas_and_book_keeping_are_no_events(event: BaseEvent) -> None:
    assert map_event(event) is None


def test_every_event_class_of_ag2_is_decided() -> None:
    classes = [
        c for _, c in inspect.getmembers(events, inspect.isclass) if issubclass(c, BaseEvent) and c is not BaseEvent
    ]
    assert len(classes) > 40
    for kind in classes:
        event_type = map_event(kind.__new__(kind))
        if issubclass(kind, (*DELTAS, *UNRECORDED)):
            assert event_type is None, kind
        else:
            assert event_type is not None, kind
            primitive_of(event_type)


def test_an_event_class_of_somebody_else_is_kept_whole() -> None:
    class Weather(BaseEvent):
        sky: str

    assert map_event(Weather(sky="grey")) == "execution.state_change"
    payload = normalize(Weather(sky="grey"))
    assert payload["kind"] == "ag2.Weather"
    assert payload["data"]["sky"] == "grey"


def test_arguments_that_are_no_json_are_kept_as_text() -> None:
    broken = normalize(events.ToolCallEvent("look", id="c1", arguments='{"x": '))
    assert broken["arguments_text"] == '{"x": '
    assert "arguments" not in broken
    assert normalize(CALL)["arguments"] == {"x": 1}


@pytest.mark.parametrize(
    ("result", "output"),
    [
        (ToolResult("text"), "text"),
        (ToolResult({"a": [1, float("nan")]}), {"a": [1, "nan"]}),
        (ToolResult("one", {"two": 2}), ["one", {"two": 2}]),
        (ToolResult([]), []),
        (ToolResult(""), ""),
    ],
)
def test_a_tool_output_keeps_its_shape(result: ToolResult, output: object) -> None:
    assert normalize(events.ToolResultEvent(parent_id="c1", name="look", result=result))["output"] == output


def test_small_files_are_kept_and_large_ones_are_named() -> None:
    small = BinaryInput(b"abc", media_type="image/png", vendor_metadata={"filename": "a.png"})
    large = BinaryInput(b"x" * (INLINE_BYTES_MAX + 1), media_type="image/png")
    payload = normalize(events.ModelRequest([TextInput("see"), small, large, DataInput({"k": 1})]))
    first, second = payload["attachments"]
    assert (first["name"], first["bytes"], first["uri"]) == ("a.png", 3, "data:image/png;base64,YWJj")
    assert second["bytes"] == INLINE_BYTES_MAX + 1
    assert "uri" not in second
    assert payload["parts"][1]["attachment_id"] == first["id"]
    assert payload["content"] == 'see\n{"k": 1}'
