"""A profile as text: threads by processor time, and within each the functions that use it."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LINES_MAX = 18
IMPORTING = "importlib._bootstrap."
SCAFFOLD = ("threading.Thread.", "runpy.", "__main__.<module>", "__main__.main", "typer.", "click.")
"""Calls that every stack goes through: they say nothing."""
SHARE_MIN = 0.01
"""Of the process's time: less is not shown."""
_NUMBER = re.compile(r"\d+")
NANO = 1e9


@dataclass
class ThreadProfile:
    """Nanoseconds of the threads of one kind (`lane-0`, `lane-1`, ... are one), imports left out."""

    own: Counter[str] = field(default_factory=Counter)
    """In the function itself, or in C code that it calls."""
    within: Counter[str] = field(default_factory=Counter)
    """In the function and in everything that it calls."""

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.own.values())


@dataclass
class Profile:
    """A process."""

    kinds: dict[str, ThreadProfile]
    native: Counter[str]
    """Threads of C libraries, by kind."""
    importing: int
    """Starting up: how many events there are does not matter for it."""

    @property
    def total(self) -> int:
        """Without starting up."""
        return sum(kind.total for kind in self.kinds.values()) + sum(self.native.values())


def profile_of(found: Mapping[str, Any]) -> Profile:
    """From what `sampling` wrote: thread -> stack -> nanoseconds, and native thread -> nanoseconds."""
    kinds: dict[str, ThreadProfile] = defaultdict(ThreadProfile)
    native: Counter[str] = Counter()
    importing = 0
    for name, stacks in found["threads"].items():
        kind = kinds[_kind(name)]
        for stack, spent in stacks.items():
            if IMPORTING in stack:
                importing += spent
                continue
            calls = stack.split(";")
            kind.own[calls[-1]] += spent
            for call in {call for call in calls if not call.startswith(SCAFFOLD)}:
                kind.within[call] += spent
    for name, spent in found["native"].items():
        native[_kind(name)] += spent
    return Profile(dict(kinds), native, importing)


def profile_text(found: Mapping[str, Any], events: int) -> str:
    """For people. `found`: as `profile_of`; `events`: how many the process handled."""
    profile = profile_of(found)
    total = profile.total
    if not total:
        return "nothing was sampled"
    lines = [
        f"{total / NANO:.2f} s of processor time, {total / 1e3 / events:.1f} us an event "
        f"(and {profile.importing / NANO:.2f} s of importing)"
    ]
    for name, kind in sorted(profile.kinds.items(), key=lambda item: -item[1].total):
        if kind.total >= SHARE_MIN * total:
            lines += ["", _head(f"thread {name}", kind.total, total)]
            lines += _table("by itself (C code that it calls included)", kind.own, total, events)
            lines += _table("with all that it calls", kind.within, total, events)
    lines += ["", _head("threads of C libraries", sum(profile.native.values()), total)]
    return "\n".join([*lines, *_table("by kind", profile.native, total, events)])


def _kind(thread: str) -> str:
    return _NUMBER.sub("N", thread)


def _head(name: str, spent: int, total: int) -> str:
    return f"{name}: {spent / NANO:.2f} s ({spent / total:.0%})"


def _table(title: str, counted: Counter[str], total: int, events: int) -> list[str]:
    shown = [(call, spent) for call, spent in counted.most_common(LINES_MAX) if spent >= SHARE_MIN * total]
    return [f"  {title}:", *(f"  {spent / total:6.1%} {spent / 1e3 / events:7.2f} us  {call}" for call, spent in shown)]
