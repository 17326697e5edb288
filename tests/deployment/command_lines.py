"""Whether a container's arguments are a command line that our CLI takes; nothing is run."""

from collections.abc import Sequence
from typing import Any

import typer

from chatsnapshot.cli.app import build_app


def parsed(arguments: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """`serve sequencer` and its options. Raises click's UsageError for what the CLI would refuse."""
    command: Any = typer.main.get_command(build_app())
    rest, path, context = list(arguments), [], None
    while hasattr(command, "commands"):
        context = command.make_context(path[-1] if path else "chatsnapshot", [rest[0]], parent=context)
        path.append(rest.pop(0))
        command = command.commands[path[-1]]
    leaf = command.make_context(path[-1], rest, parent=context)
    return " ".join(path), leaf.params


def settings_names() -> set[str]:
    """Every variable that a process of ours reads."""
    from chatsnapshot.settings import Settings

    return {f"CHATSNAPSHOT_{name.upper()}" for name in Settings.model_fields}
