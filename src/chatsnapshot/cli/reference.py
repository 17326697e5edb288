"""The CLI reference in Markdown, from the commands themselves: `python -m chatsnapshot.cli.reference > docs/cli.md`.

The same on every machine: no terminal width, environment or default of one installation goes into it.
"""

import inspect
import re
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

import typer

from chatsnapshot.cli.app import PANELS, build_app

PROGRAM = "chatsnapshot"
HEADING = """\
# Command line

Generated from the commands by `make docs`; do not edit.

Every command prints one clear line and ends with exit code 1 when it fails; 0 is success, 2 a mistake in the
arguments, 130 an interruption (`verify` has codes of its own). Data goes to standard output, progress and errors go to
standard error. Settings come from the environment (`CHATSNAPSHOT_...`); without any, commands talk to the local stack
in `~/.chatsnapshot`.
"""
_EXAMPLES = re.compile(r"^(?:Examples?|First time\? Try):\s+")
_SEPARATOR = "   |   "
_WORDS: dict[Any, str] = {int: "N", float: "X", Path: "PATH"}


def reference() -> str:
    """The whole document."""
    root: Any = typer.main.get_command(build_app())
    panels: dict[str, list[str]] = {panel: [] for panel, *_ in PANELS}
    for name, command in root.commands.items():
        panels[str(command.rich_help_panel)].append(name)
    parts = [HEADING, _contents(panels)]
    for panel, names in panels.items():
        parts.append(f"## {panel}\n")
        for name in names:
            parts += _sections(f"{PROGRAM} {name}", root.commands[name])
    return "\n".join(parts)


def commands(command: Any, name: str = PROGRAM) -> Iterator[tuple[str, Any]]:
    """(full name, command) of a command and everything below it."""
    yield name, command
    for each, below in getattr(command, "commands", {}).items():
        yield from commands(below, f"{name} {each}")


def examples(command: Any) -> list[str]:
    """The example lines of a command's help."""
    text = inspect.cleandoc(command.epilog or "")
    return [line.strip() for line in _EXAMPLES.sub("", text).split(_SEPARATOR)] if _EXAMPLES.match(text) else []


def _contents(panels: dict[str, list[str]]) -> str:
    lines = [f"- **{panel}**: {', '.join(f'`{name}`' for name in names)}" for panel, names in panels.items()]
    return "\n".join(lines) + "\n"


def _sections(name: str, command: Any) -> Iterator[str]:
    for full_name, each in commands(command, name):
        level = "###" if full_name == name else "####"
        yield f"{level} `{full_name}`\n"
        yield f"{_prose(each.help)}\n"
        if not getattr(each, "commands", None):
            yield f"```text\n{_usage(full_name, each)}\n```\n"
            yield from _table(each)
        if shown := examples(each):
            yield "```sh\n" + "\n".join(shown) + "\n```\n"


def _usage(name: str, command: Any) -> str:
    words = [name]
    if any(param.param_type_name == "option" for param in command.params):
        words.append("[OPTIONS]")
    arguments = (param for param in command.params if param.param_type_name == "argument")
    words += [_argument(param) if param.required else f"[{_argument(param)}]" for param in arguments]
    return " ".join(words)


def _table(command: Any) -> Iterator[str]:
    kinds = get_type_hints(inspect.unwrap(command.callback))
    rows = [row for param in command.params if (row := _row(param, kinds.get(param.name)))]
    if rows:
        yield "\n".join(("| | |", "|---|---|", *rows)) + "\n"


def _row(param: Any, kind: Any) -> str:
    if param.name == "help" or getattr(param, "hidden", False):
        return ""
    if param.param_type_name == "argument":
        return f"| `{_argument(param)}` | {_cell(param.help)} |"
    names = ", ".join(f"`{option}`" for option in (*param.opts, *param.secondary_opts))
    value = "" if param.is_flag else f" {_value_word(kind)}"
    return f"| {names}{value} | {_cell(param.help)}{_default(param)} |"


def _value_word(kind: Any) -> str:
    """What is written behind an option: its choices, `N`, `PATH`, or `TEXT`."""
    kinds = [each for each in (get_args(kind) or (kind,)) if each is not NoneType]
    for each in kinds:
        if isinstance(each, type) and issubclass(each, Enum):
            return "\\|".join(f"`{choice.value}`" for choice in each)
    return next((word for python, word in _WORDS.items() if python in kinds), "TEXT")


def _default(param: Any) -> str:
    if param.required:
        return " Required."
    value = _plain(param.default)
    if param.is_flag or value in (None, "", [], ()) or callable(value):
        return ""
    return f" Default: `{value}`."


def _argument(param: Any) -> str:
    return str(param.name).upper()


def _plain(value: Any) -> Any:
    return getattr(value, "value", value)


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def _prose(text: str | None) -> str:
    """Paragraphs, each on one line."""
    return "\n\n".join(" ".join(part.split()) for part in inspect.cleandoc(text or "").split("\n\n"))


if __name__ == "__main__":
    sys.stdout.write(reference())
