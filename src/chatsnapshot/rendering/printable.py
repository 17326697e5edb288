"""Recorded text made safe for a terminal: what an agent said must not move the cursor or change colours."""

import re
from datetime import datetime
from typing import Any

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """The text with control characters shown instead of sent; line breaks and tabs stay."""
    return _CONTROL.sub(_shown, text.replace("\r\n", "\n"))


def _shown(match: re.Match[str]) -> str:
    code = ord(match.group())
    return chr(0x2400 + code) if code < 0x20 else "\u2421" if code == 0x7F else f"<U+{code:04X}>"


def one_line(text: str, chars_max: int = 120) -> str:
    """The text on one line, cut with an ellipsis."""
    line = " ".join(printable(text).split())
    return line if len(line) <= chars_max else f"{line[: chars_max - 1]}…"


def duration_text(start: datetime, end: datetime) -> str:
    """`850 ms`, `3.2 s`, `4 min 10 s`, `2 h 5 min`."""
    seconds = max((end - start).total_seconds(), 0.0)  # clocks of two producers may disagree
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def run_duration(run: Any) -> str:
    """How long a run took by the broker's times or its own, whichever is more: a spool may send all of it at once."""
    own = run.last_timestamp - run.first_timestamp
    broker = run.last_recorded_at - run.first_recorded_at
    return duration_text(run.first_recorded_at, run.first_recorded_at + max(own, broker))


def count_text(number: int, noun: str) -> str:
    """`1 event`, `2 events`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
