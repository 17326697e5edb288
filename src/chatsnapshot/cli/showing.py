"""What `show` and `tail` print."""

import json
from functools import partial
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from chatsnapshot.cli.output import console, print_json
from chatsnapshot.reading import RunHistory
from chatsnapshot.rendering.json_values import row_dict
from chatsnapshot.rendering.printable import one_line
from chatsnapshot.rendering.run_heading import heading_facts, heading_renderable
from chatsnapshot.rendering.transcript_text import transcript_renderables
from chatsnapshot_schemas.errors import ChatSnapshotError
from chatsnapshot_schemas.json_form import record_to_json
from chatsnapshot_schemas.ledger_record import LedgerRecord

FAMILY_STYLES = {"execution": "cyan", "system": "blue", "ui": "green", "integration": "magenta"}


def show_text(history: RunHistory, items: list[Any], *, graph: bool, full: bool) -> None:
    """For a person at a terminal."""
    out = console()
    out.print(heading_renderable(history.summary()))
    out.print()
    for block in transcript_renderables(items):
        out.print(block)
    if not items:
        out.print(Text("nothing was said in this run; --mode full shows everything that happened", "dim"))
    if graph:
        print_graph_and_cost(out, history)
    elif not full:
        out.print(Text("--mode full shows tool calls and everything else, --graph the workflow and the cost", "dim"))


def print_graph_and_cost(out: Console, history: RunHistory) -> None:
    """The workflow graph as text, and what the run cost."""
    from chatsnapshot.rendering.cost_table import cost_renderable
    from chatsnapshot.rendering.graph_text import graph_renderable

    out.print(graph_renderable(history.nodes(), history.edges(), history.items()))
    out.print()
    out.print(cost_renderable(history.charges()))


def show_markdown(history: RunHistory, items: list[Any]) -> None:
    """For documents."""
    from chatsnapshot.rendering.transcript_markdown import transcript_markdown

    summary = history.summary()
    typer.echo(transcript_markdown(history.run_id, heading_facts(summary), items))


def show_json(history: RunHistory, items: list[Any], *, graph: bool) -> None:
    """For machines."""
    document: dict[str, Any] = {"run": row_dict(history.summary()), "items": [row_dict(item) for item in items]}
    if graph:
        document["nodes"] = [row_dict(node) for node in history.nodes()]
        document["edges"] = [row_dict(edge) for edge in history.edges()]
        document["charges"] = [row_dict(charge) for charge in history.charges()]
    print_json(document)


def show_raw(history: RunHistory, *, lines: bool, full_payloads: bool = False) -> None:
    """Ledger records as JSON: one a line, or one document."""
    found = False
    text = partial(record_with_payload, history) if full_payloads else record_to_json
    if not lines:
        typer.echo("[")
    for record in history.events():
        if not lines and found:
            typer.echo(",")
        found = True
        typer.echo(text(record), nl=lines)
    if not lines:
        typer.echo("\n]" if found else "]")
    elif not found:
        history.summary()  # says that there is no such run


def record_with_payload(history: RunHistory, record: LedgerRecord) -> str:
    """The record as JSON; beside it `full_payload` for one that is in blob storage, or `full_payload_error`.

    `full_payload_text`, a string, instead of `full_payload` where a line break in the payload would end the line.
    """
    text = record_to_json(record)
    if record.envelope.payload_ref is None:
        return text
    try:
        payload = history.payload(record)
        many_lines = "\n" in payload or "\r" in payload
        beside = f'"full_payload_text":{json.dumps(payload)}' if many_lines else f'"full_payload":{payload}'
    except ChatSnapshotError as error:
        beside = f'"full_payload_error":{json.dumps({"code": error.code, "message": str(error)})}'
    return f"{text[:-1]},{beside}}}"


def print_record(record: LedgerRecord, *, as_json: bool) -> None:
    """One line of a live tail."""
    if as_json:
        typer.echo(record_to_json(record))
        return
    envelope = record.envelope
    family = envelope.event_type.split(".", 1)[0]
    flags = "".join(
        f" [{flag}]"
        for flag, on in (
            ("gap", record.gap_before),
            ("late", record.late),
            (record.cause, record.cause == "unresolved"),
        )
        if on
    )
    line = Text.assemble(
        (f"{record.recorded_at:%H:%M:%S} ", "dim"),
        (f"{one_line(envelope.correlation_id, 36)} #{record.sequence_no} ", ""),
        (f"{envelope.event_type} ", FAMILY_STYLES.get(family, "")),
        (f"{one_line(envelope.source.agent or envelope.source.service, 24)} ", "bold"),
        (one_line(envelope.payload, 160), "dim"),
        (flags, "yellow"),
    )
    console().print(line, soft_wrap=True)
