"""Is what this version writes readable together with what was written before? Asks; changes and registers nothing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from chatsnapshot.schema_catalog.catalog import CatalogEntry, catalog
from chatsnapshot_schemas.avro_schema import fingerprint_of
from chatsnapshot_schemas.compatibility import incompatibilities
from chatsnapshot_schemas.connections import TopicNames
from chatsnapshot_schemas.registry import BACKWARD, ConfluentRegistry, protects_readers
from chatsnapshot_schemas.released_schemas import released_schemas


class Verdict(StrEnum):
    """What a comparison says."""

    IDENTICAL = "identical"
    COMPATIBLE = "compatible"
    INCOMPATIBLE = "incompatible"
    NOT_REGISTERED = "not registered"
    """The registry has no such subject yet: `migrate` and the first producer register it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A current schema beside an older one."""

    schema: str
    against: str
    verdict: Verdict
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def compare_with_released(topics: TopicNames) -> Iterator[Comparison]:
    """Every schema that others read, beside every released form of it."""
    for entry in _public(topics):
        for old in released_schemas(entry.schema.name):
            yield _compared(entry, f"released {old.version}", old.document)


def compare_with_registry(registry: ConfluentRegistry, topics: TopicNames) -> Iterator[Comparison]:
    """Every schema that others read, beside what the registry holds. Raises RegistryUnavailable."""
    for entry in _public(topics):
        yield _registered(registry, entry)


def _registered(registry: ConfluentRegistry, entry: CatalogEntry) -> Comparison:
    subject = entry.subject or ""
    latest = registry.latest(subject)
    if latest is None:
        return Comparison(entry.name, f"registry subject {subject}", Verdict.NOT_REGISTERED)
    against = f"registry subject {subject}, version {latest.version} (id {latest.schema_id})"
    notes = _level_notes(registry.level(subject))
    if (known_as := registry.version_of(subject, entry.schema)) is not None:
        if known_as != latest.version:
            notes.append(f"this schema is registered as version {known_as}: a newer version of ChatSnapshot was here")
        return Comparison(entry.name, against, Verdict.IDENTICAL, notes=notes)
    found = _compared(entry, against, json.loads(latest.text))
    if found.problems or registry.accepts(subject, entry.schema):
        return Comparison(entry.name, against, found.verdict, found.problems, notes)
    refused = ["the registry would refuse it by its own rules"]
    return Comparison(entry.name, against, Verdict.INCOMPATIBLE, refused, notes)


def _level_notes(level: str | None) -> list[str]:
    if protects_readers(level):
        return []
    return [f"compatibility level {level or 'not set'} for this subject: `chatsnapshot migrate` sets {BACKWARD}"]


def _compared(entry: CatalogEntry, against: str, older: Any) -> Comparison:
    if fingerprint_of(older) == entry.schema.fingerprint:  # its documentation may differ
        return Comparison(entry.name, against, Verdict.IDENTICAL)
    problems = incompatibilities(entry.document, older)
    return Comparison(entry.name, against, Verdict.INCOMPATIBLE if problems else Verdict.COMPATIBLE, problems)


def _public(topics: TopicNames) -> Iterator[CatalogEntry]:
    return (entry for entry in catalog(topics) if entry.public)
