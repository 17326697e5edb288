"""A transcript as Markdown, for issues, mails and documents."""

from collections.abc import Iterable, Iterator
from typing import Any

from chatsnapshot.rendering.printable import one_line, printable


def transcript_markdown(title: str, facts: Iterable[str], items: Iterable[Any]) -> str:
    """A document with a heading, one line of facts, and one section an item."""
    lines = [f"# {one_line(title, 200)}", "", " · ".join(facts), ""]
    for item in items:
        lines += [*_section(item), ""]
    return "\n".join(lines)


def _section(item: Any) -> Iterator[str]:
    who = item.agent or item.user_id or item.role or item.item_type
    kind = "" if item.primitive in ("execution.message", "ui.interaction") else f" · {item.item_type}"
    yield f"**{one_line(who)}**{kind} <sub>#{item.sequence_no}, {item.timestamp:%Y-%m-%d %H:%M:%S} UTC</sub>"
    yield ""
    if item.reasoning_text:
        yield from (f"> {line}" for line in printable(item.reasoning_text).splitlines())
        yield ""
    if item.tool_name:
        yield f"`{one_line(item.tool_name)}`" + (f" ({item.call_status})" if item.call_status else "")
        yield from _code(item.call_arguments)
    if item.content_text:
        yield printable(item.content_text)
    yield from _code(item.call_output)
    if item.error_text:
        yield f"**error**: {printable(item.error_text)}"


def _code(text: str) -> Iterator[str]:
    if not text:
        return
    longest = max((len(run) for run in text.split("\n") if run.startswith("```")), default=0)
    fence = "`" * max(3, longest + 1)
    yield fence
    yield printable(text)
    yield fence
