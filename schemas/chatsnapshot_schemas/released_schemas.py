"""The schemas of every released version, kept beside the current ones: `released/<version>/<schema>.avsc`.

A release adds a folder; nothing in one ever changes, because data of that version lies in topics for ever.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

_FILES = {"EventEnvelope": "event_envelope.avsc", "LedgerRecord": "ledger_record.avsc"}


@dataclass(frozen=True, slots=True)
class ReleasedSchema:
    """One schema as one version released it."""

    version: str
    name: str
    document: Any
    """The schema as a JSON value, named types in full."""


def released_schemas(name: str) -> Iterator[ReleasedSchema]:
    """Every released form of a schema (`EventEnvelope`, `LedgerRecord`), oldest first."""
    folders = sorted(files(__package__).joinpath("released").iterdir(), key=lambda folder: _ordered(folder.name))
    for folder in folders:
        file = folder.joinpath(_FILES[name])
        if file.is_file():
            yield ReleasedSchema(folder.name, name, json.loads(file.read_text("utf-8")))


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
