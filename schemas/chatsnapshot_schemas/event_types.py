"""Types, primitives and their aliases, from `event_types.csv`. The set is open: unlisted sub-types map by family."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_FAMILY_PRIMITIVE = {
    "execution": "execution.state_change",
    "system": "system.workflow_event",
    "ui": "ui.interaction",
    "integration": "integration.call",
}
PRIMITIVES = (
    "execution.message",
    "execution.tool_call",
    "execution.tool_result",
    "execution.state_change",
    "system.workflow_event",
    "ui.interaction",
    "integration.call",
)


@dataclass(frozen=True, slots=True)
class EventType:
    """One row of the table; entity and phase are empty where the payload says them."""

    name: str
    primitive: str
    entity: str
    phase: str
    aliases: tuple[str, ...]


@cache
def event_types() -> dict[str, EventType]:
    """Every listed type by name."""
    text = files(__package__).joinpath("event_types.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {
        row["name"]: EventType(
            row["name"],
            row["primitive"],
            row["entity"],
            row["phase"],
            tuple(filter(None, row["aliases"].split("|"))),
        )
        for row in rows
    }


def primitive_of(event_type: str) -> str:
    """The primitive of a type: its row's; else a primitive that it is a sub-type of; else its family's."""
    listed = event_types().get(event_type)
    if listed:
        return listed.primitive
    for primitive in PRIMITIVES:
        if event_type.startswith(f"{primitive}."):
            return primitive
    return _FAMILY_PRIMITIVE[event_type.split(".", 1)[0]]


@cache
def _by_alias() -> dict[str, str]:
    return {alias: kind.name for kind in event_types().values() for alias in kind.aliases}


def type_named(name: str) -> str:
    """The type that a name or alias stands for (`tool_called` -> `execution.tool_call`); unknown names unchanged."""
    return _by_alias().get(name, name)
