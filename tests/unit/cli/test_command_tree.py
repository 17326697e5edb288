"""What every command of the tree has, and that the written reference is the tree's."""

from pathlib import Path
from typing import Any

import pytest
import typer

from chatsnapshot.cli.app import build_app, main
from chatsnapshot.cli.reference import commands, examples, reference

REFERENCE = Path(__file__).parents[3] / "docs" / "cli.md"
DAEMONS = {"chatsnapshot serve sequencer", "chatsnapshot serve sink", "chatsnapshot serve http"}
SHOWS = {"chatsnapshot demo"}
"""For the eyes: it prints no data."""
TREE = dict(commands(typer.main.get_command(build_app())))
LEAVES = {name: command for name, command in TREE.items() if not getattr(command, "commands", None)}
DESIGNED = {
    *("up", "down", "status", "logs", "open", "doctor", "demo"),
    *("serve-sequencer", "serve-sink", "serve-http"),
    *("migrate", "schema-show", "schema-check", "validate"),
    *("record", "import", "spool-status", "spool-send"),
    *("runs", "show", "tail", "why", "sql", "replay", "export"),
    "verify",
    *("quarantine-list", "quarantine-show", "quarantine-redrive", "quarantine-discard", "held-list", "held-show"),
}
"""The commands that there have to be."""


def options(command: Any) -> set[str]:
    return {option for param in command.params for option in param.opts}


def test_every_designed_command_is_there() -> None:
    there = {name.removeprefix("chatsnapshot ").replace(" ", "-") for name in LEAVES}
    assert there >= DESIGNED


@pytest.mark.parametrize("name", TREE)
def test_help_has_an_example_that_calls_the_command(name: str) -> None:
    shown = examples(TREE[name])
    assert shown, f"{name} has no example"
    if name in LEAVES:
        assert any(name in example for example in shown), f"no example of {name} calls it"


@pytest.mark.parametrize("name", LEAVES)
def test_help_is_printed_and_explains_every_option(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*name.split()[1:], "--help"]) == 0
    assert "xample" in capsys.readouterr().out
    command = LEAVES[name]
    assert command.help, f"{name} says not what it does"
    unexplained = [param.name for param in command.params if not getattr(param, "help", None)]
    assert not unexplained, f"{name}: no help for {unexplained}"


@pytest.mark.parametrize("name", sorted(LEAVES.keys() - DAEMONS - SHOWS))
def test_what_prints_data_prints_json(name: str) -> None:
    assert "--json" in options(LEAVES[name])


def test_the_written_reference_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    assert REFERENCE.read_text("utf-8") == reference(), "docs/cli.md is stale: `make docs` writes it anew"
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("CHATSNAPSHOT_DATA_DIR", "/elsewhere")
    assert REFERENCE.read_text("utf-8") == reference(), "the reference depends on the terminal or the environment"


def test_the_reference_names_every_command_and_option() -> None:
    text = reference()
    for name, command in LEAVES.items():
        section = text.split(f"`{name}`\n")[1].split("\n#")[0]
        missing = [
            option
            for option in options(command) - {"--help"}
            if option.startswith("--") and f"`{option}`" not in section
        ]
        assert not missing, f"{name}: {missing}"
