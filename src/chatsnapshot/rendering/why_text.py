"""Causes and effects of one event, for a person and for a machine."""

from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from chatsnapshot.reading.causes import Link, Step, Why
from chatsnapshot.rendering.printable import one_line


def why_tree(why: Why) -> RenderableType:
    """Causes above (the root first), the event, effects below."""
    causes = [_line(step, "↑") for step in reversed(why.causes)] or [Text("  (a root: nothing caused it)", "dim")]
    effects = [_line(step, "↓") for step in why.effects] or [Text("  (it caused nothing so far)", "dim")]
    return Group(
        Text("because of", "bold"), *causes, Text(""), Text("event", "bold"), _event(why.event, "▶"), Text(""),
        Text("it caused", "bold"), *effects,
    )  # fmt: skip


def why_json(why: Why) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "event": asdict(why.event),
        "causes": [asdict(step) for step in why.causes],
        "effects": [asdict(step) for step in why.effects],
    }


def _line(step: Step, sign: str) -> Text:
    if step.link is None:
        return Text(f"  {sign} {step.depth}  {step.event_id}  not in this run's ledger", "yellow")
    return _event(step.link, f"{sign} {step.depth}")


def _event(link: Link, sign: str) -> Text:
    parts = [
        (f"  {sign}  ", ""),
        (f"#{link.sequence_no} ", "dim"),
        ("unresolved cause  " if link.cause == "unresolved" else "", "yellow"),
        (f"{link.event_type} ", "cyan"),
        (f"{one_line(link.who, 30)}  ", "bold"),
        (one_line(link.preview, 200), "dim"),
    ]
    return Text(no_wrap=True, overflow="ellipsis").append_tokens(parts)
