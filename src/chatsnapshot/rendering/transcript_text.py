"""A transcript for the terminal: who said what, and, in full mode, what was called, answered and decided."""

from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from chatsnapshot.rendering.bookkeeping import BOOKKEEPING
from chatsnapshot.rendering.printable import one_line, printable

SPEAKER_STYLES = {"user": "bold green", "assistant": "bold cyan", "system": "bold yellow", "tool": "bold magenta"}
OUTPUT_LINES_MAX = 12
"""Of a tool's answer: more is one `--mode raw` away."""
INDENT = 2


def transcript_renderables(items: Iterable[Any]) -> Iterator[RenderableType]:
    """One block an item but a runtime's bookkeeping, in ledger order (rows of `run_items` or `transcript`)."""
    for item in items:
        if item.item_type in BOOKKEEPING:
            continue
        yield _heading(item)
        body = _body(item)
        if body is not None:
            yield Padding(body, (0, 0, 0, INDENT))
        yield Text("")


def _heading(item: Any) -> RenderableType:
    speaker, style = _speaker(item)
    line = Table.grid(expand=True, padding=(0, 1))
    line.add_column(justify="left", ratio=1)
    line.add_column(justify="right", no_wrap=True)
    name = Text.assemble((speaker, style))
    if item.model:
        name.append(f"  {printable(item.model)}", "dim")
    if item.recipient:
        name.append(f"  to {printable(item.recipient)}", "dim")
    if item.partial:
        name.append("  cut off", "bold red")
    line.add_row(name, Text(f"{item.timestamp:%H:%M:%S}  #{item.sequence_no}", "dim"))
    return line


def _speaker(item: Any) -> tuple[str, str]:
    if item.primitive == "execution.message":
        return printable(item.agent or item.role or "message"), SPEAKER_STYLES.get(item.role, "bold")
    if item.primitive == "ui.interaction":
        return printable(item.user_id or "user"), SPEAKER_STYLES["user"]
    who = printable(item.agent) if item.agent else ""
    what = item.item_type.replace("_", " ").replace(".", " ")
    if item.primitive == "system.workflow_event":
        what = item.event_type.removeprefix("system.").replace("_", " ")
        what = f"{what} · {item.call_status}" if item.call_status and item.call_status not in what else what
    return (f"{who} · {what}" if who else what), "magenta" if "tool" in item.item_type else "blue"


def _body(item: Any) -> RenderableType | None:
    lines: list[Text] = []
    if item.reasoning_text:
        lines.append(Text(_cut(item.reasoning_text), "italic dim"))
    if item.tool_name:
        lines.append(_call(item))
    if item.content_text:
        lines.append(Text(printable(item.content_text)))
    if item.call_output:
        lines.append(Text(f"→ {_cut(item.call_output)}", "red" if item.call_status == "error" else ""))
    if item.error_text:
        lines.append(Text(_cut(item.error_text), "red"))
    if item.truncated:
        lines.append(Text("(shortened: the whole payload is in blob storage)", "dim"))
    return Text("\n").join(lines) if lines else None


def _call(item: Any) -> Text:
    text = Text.assemble((printable(item.tool_name), "bold"))
    if item.call_arguments:
        text.append(f" {one_line(item.call_arguments, 400)}")
    if item.call_status:
        text.append(f"  {printable(item.call_status)}", "red" if item.call_status in _BAD else "dim")
    return text


_BAD = ("error", "failed", "denied", "not_found", "abandoned", "reject")


def _cut(text: str) -> str:
    lines = printable(text).splitlines()
    if len(lines) <= OUTPUT_LINES_MAX:
        return "\n".join(lines)
    return "\n".join([*lines[:OUTPUT_LINES_MAX], f"… {len(lines) - OUTPUT_LINES_MAX} more lines"])
