"""`docs/data-model.md`: schemas, event types, payloads, tables and views, from what the program itself reads."""

from collections.abc import Iterable, Iterator
from itertools import chain

from docs.tools import avro_rows, payload_rows
from docs.tools.markdown import GENERATED, code, sentence, table

from chatsnapshot_projections.catalogue import DocumentedTable
from chatsnapshot_schemas.avro_schema import envelope_schema, ledger_schema
from chatsnapshot_schemas.event_types import event_types

INTRODUCTION = """\
# Data model

What producers send, what the ledger records, what payloads may say, and what the tables show.
Words are those of the [glossary](glossary.md). The same in machine-readable form: the `.avsc` files and
`event_types.csv` in `schemas/chatsnapshot_schemas/`, and [asyncapi.yaml](asyncapi.yaml) for the topics."""

ENVELOPE = """\
## The envelope: what a producer proposes

`event_envelope.avsc`, CRC-64-AVRO fingerprint `{fingerprint}` (little-endian, as it stands on the wire). On the wire:
Avro single-object encoding (`C3 01`, fingerprint, body), or Confluent framing where a schema registry is set.
The message key is `tenant_id/correlation_id` in UTF-8; the partition is murmur2 of it, as Java's clients compute
it."""

RECORD = """\
## The record: what the ledger says

`ledger_record.avsc` with the envelope in it, fingerprint `{fingerprint}`. The envelope's bytes are those that were
sent. `hash` covers the fingerprint and every byte behind the hash itself: raw bytes alone prove a chain."""

TYPES = """\
## Event types

Every dotted sub-type of the four families `execution`, `system`, `ui` and `integration` is accepted. Each maps to one
of seven primitives: by its row here; else to the primitive that it is a sub-type of; else `execution.*` to
`execution.state_change`, `system.*` to `system.workflow_event`, `ui.*` to `ui.interaction`, `integration.*` to
`integration.call`. `Recorder.record()` and imports take an alias for the type."""

PAYLOADS = """\
## Payloads

A payload is a JSON object of at most 256 KiB as text, 64 levels deep. A larger one, up to 64 MiB, lies in blob
storage; the event carries its digest (`payload_ref`) and a preview, in which `truncated` names what was cut. Nothing
here refuses an event: these keys are what projections understand, any other key is kept, and a payload that breaks a
convention is recorded all the same."""

TABLES = """\
## Tables and views in ClickHouse

A name without a suffix can be read as it stands ([why](decisions/0004-names-of-tables-and-views.md)); `..._versions`
tables are what views of that name are folded from. [Recipes](sql-recipes.md) has questions in SQL."""


def data_model(tables: Iterable[DocumentedTable]) -> str:
    """The document."""
    return "\n".join([GENERATED, *_lines(), TABLES, *chain.from_iterable(map(_table_section, tables))]) + "\n"


def _lines() -> Iterator[str]:
    yield INTRODUCTION
    for text, schema, file in (
        (ENVELOPE, envelope_schema(), "event_envelope"),
        (RECORD, ledger_schema(), "ledger_record"),
    ):
        yield from ("", text.format(fingerprint=schema.fingerprint.hex()), "")
        yield from table(avro_rows.HEAD, avro_rows.field_rows(avro_rows.avsc(file)))
    yield from ("", "## A held event: what the state topic keeps of an event that waits", "", "`held_event.avsc`.", "")
    yield from table(avro_rows.HEAD, avro_rows.field_rows(avro_rows.avsc("held_event")))
    yield from ("", TYPES, "")
    yield from table(("type", "primitive", "entity", "phase", "aliases"), _type_rows())
    yield from ("", PAYLOADS)
    for heading, model in payload_rows.models():
        yield from ("", f"### {heading}", "", " ".join((model.__doc__ or "").split()), "")
        yield from table(payload_rows.HEAD, payload_rows.key_rows(model))
    yield ""


def _type_rows() -> Iterator[tuple[str, ...]]:
    for kind in event_types().values():
        yield code(kind.name), code(kind.primitive), kind.entity, kind.phase, ", ".join(map(code, kind.aliases))


def _table_section(shown: DocumentedTable) -> Iterator[str]:
    yield from ("", f"### `{shown.name}`", "", sentence(f"{shown.kind}: {shown.comment}"), "")
    if shown.sorting_key:
        yield from (_stored(shown), "")
    rows = [(code(column.name), code(column.type), column.comment) for column in shown.columns]
    yield from table(("column", "type", "meaning"), rows)


def _stored(shown: DocumentedTable) -> str:
    said = [f"Sorted by `{shown.sorting_key}`"]
    said += [f"partitioned by `{shown.partition_key}`"] if shown.partition_key else []
    said += [f"indexes: {', '.join(map(code, shown.indexes))}"] if shown.indexes else []
    return sentence("; ".join(said))
