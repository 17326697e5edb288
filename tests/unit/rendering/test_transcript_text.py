"""A transcript names who spoke, shows what was called and answered, and leaves a runtime's bookkeeping out."""

from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console

from chatsnapshot.rendering.transcript_markdown import transcript_markdown
from chatsnapshot.rendering.transcript_text import OUTPUT_LINES_MAX, transcript_renderables


@dataclass
class Item:
    sequence_no: int = 1
    primitive: str = "execution.message"
    item_type: str = "message"
    event_type: str = "execution.message"
    role: str = "assistant"
    agent: str = ""
    user_id: str = ""
    recipient: str = ""
    model: str = ""
    content_text: str = ""
    reasoning_text: str = ""
    tool_name: str = ""
    call_arguments: str = ""
    call_output: str = ""
    call_status: str = ""
    error_text: str = ""
    partial: bool = False
    truncated: bool = False
    timestamp: datetime = datetime(2026, 1, 1, tzinfo=UTC)


def text_of(*items: Item) -> str:
    out = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    for block in transcript_renderables(items):
        out.print(block)
    return out.export_text()


def test_speaker_model_and_words() -> None:
    text = text_of(Item(agent="clerk", model="m-1", content_text="Hello\nthere", partial=True))
    assert "clerk  m-1  cut off" in text
    assert "  Hello" in text
    assert "  there" in text


def test_a_call_and_its_long_answer() -> None:
    call = Item(
        primitive="execution.tool_result",
        item_type="tool_result",
        tool_name="search",
        call_status="error",
        call_output="\n".join(f"line {n}" for n in range(OUTPUT_LINES_MAX + 3)),
        error_text="no such index",
    )
    text = text_of(call)
    assert "search  error" in text
    assert "… 3 more lines" in text
    assert "no such index" in text


def test_bookkeeping_is_left_out() -> None:
    assert text_of(Item(primitive="execution.state_change", item_type="usage")) == ""


def test_workflow_events_say_their_phase() -> None:
    started = Item(primitive="system.workflow_event", item_type="workflow_event", event_type="system.task_started")
    free = Item(
        primitive="system.workflow_event",
        item_type="workflow_event",
        event_type="system.workflow_event",
        call_status="paused",
    )
    assert "task started" in text_of(started)
    assert "workflow event · paused" in text_of(free)


def test_markdown_cannot_be_broken_out_of() -> None:
    item = Item(primitive="execution.tool_result", item_type="tool_result", tool_name="t", call_output="```\nevil\n```")
    document = transcript_markdown("run", ["completed"], [item])
    assert "````\n```\nevil\n```\n````" in document
