"""The schemas by name: text, fingerprint, and the subject under which a registry knows them."""

import json
from dataclasses import dataclass
from typing import Any

from chatsnapshot_schemas.avro_schema import AvroSchema, envelope_schema, held_schema, ledger_schema
from chatsnapshot_schemas.connections import TopicNames
from chatsnapshot_schemas.errors import NotFound


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One schema. `topic`: where its values are; `subject`: under it a registry knows it, None for an inner one."""

    name: str
    schema: AvroSchema
    topic: str
    meaning: str
    public: bool = True

    @property
    def subject(self) -> str | None:
        """`<topic>-value`, as every Confluent client names it."""
        return f"{self.topic}-value" if self.public else None

    @property
    def document(self) -> Any:
        """The schema as a JSON value."""
        return json.loads(self.schema.text)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`; the fingerprint in hexadecimal, in the order of its bytes on the wire."""
        return {
            "name": self.name,
            "avro_name": f"chatsnapshot.{self.schema.name}",
            "fingerprint": self.schema.fingerprint.hex(),
            "topic": self.topic,
            "subject": self.subject,
            "meaning": self.meaning,
        }


def catalog(topics: TopicNames) -> tuple[CatalogEntry, ...]:
    """Every schema of an installation."""
    return (
        CatalogEntry("envelope", envelope_schema(), topics.events, "what a producer proposes"),
        CatalogEntry("ledger", ledger_schema(), topics.ledger, "what the log recorded: head and envelope"),
        CatalogEntry("held", held_schema(), topics.state, "an event that waits, in the state topic", public=False),
    )


def schema_named(name: str, topics: TopicNames) -> CatalogEntry:
    """One of them, by its short or its Avro name. Raises NotFound."""
    entries = catalog(topics)
    wanted = name.lower().removeprefix("chatsnapshot.")
    for entry in entries:
        if wanted in (entry.name, entry.schema.name.lower()):
            return entry
    raise NotFound(f"no schema {name!r}; there are {', '.join(entry.name for entry in entries)}")
