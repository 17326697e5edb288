"""`quarantine` and `held`: what waits for a person, or for its cause."""

from typing import Any

import typer
from rich.text import Text

from chatsnapshot.cli.output import console, print_json
from chatsnapshot.reading import Ledger
from chatsnapshot.rendering.json_values import row_dict
from chatsnapshot_schemas.errors import ConfigurationError, NotFound

TENANT = typer.Option(None, "--tenant", help="Tenant; default: CHATSNAPSHOT_TENANT, else `default`.")
LIMIT = typer.Option(50, min=1, max=10_000, help="How many, latest first.")
JSON = typer.Option(False, "--json", help="Machine-readable output.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    quarantine = typer.Typer(
        help="Events that could not be recorded, with their original bytes.",
        no_args_is_help=True,
        epilog="Example:  chatsnapshot quarantine list",
    )
    quarantine.command("list", epilog="Example:  chatsnapshot quarantine list --json")(quarantine_list)
    quarantine.command("show", epilog="Example:  chatsnapshot quarantine show 1-3-42")(quarantine_show)
    app.add_typer(quarantine, name="quarantine", rich_help_panel="Care")
    held = typer.Typer(
        help="Events that wait for their cause or predecessor.",
        no_args_is_help=True,
        epilog="Example:  chatsnapshot held list",
    )
    held.command("list", epilog="Examples:  chatsnapshot held list   |   chatsnapshot held list --json")(held_list)
    held.command("show", epilog="Example:  chatsnapshot held show 0197f3a2-7c1e-7000-8000-3f2a9c4d5e6f")(held_show)
    app.add_typer(held, name="held", rich_help_panel="Care")


def quarantine_list(limit: int = LIMIT, tenant: str | None = TENANT, as_json: bool = JSON) -> None:
    """What was refused and why."""
    from chatsnapshot.rendering.waiting_tables import quarantine_table

    rows = Ledger.connect(tenant=tenant).quarantine(limit)
    if as_json:
        print_json([_quarantine_dict(row) for row in rows])
    elif rows:
        console().print(quarantine_table(rows))
    else:
        typer.echo("nothing is in quarantine")


def quarantine_show(
    record: str = typer.Argument(help="Id as `quarantine list` prints it: epoch-partition-offset of the input."),
    tenant: str | None = TENANT,
    as_json: bool = JSON,
) -> None:
    """One refused event: reason, where it came from, original bytes, and what of it can be read."""
    from chatsnapshot.rendering.original_text import readable_fields
    from chatsnapshot.rendering.quarantine_text import quarantine_lines

    epoch, partition, offset = _position(record)
    ledger = Ledger.connect(tenant=tenant)
    row = ledger.quarantined(epoch, partition, offset)
    if row is None:
        raise NotFound(f"no quarantine record {record}; `chatsnapshot quarantine list` lists them")
    framing = ledger.sources.framing
    if as_json:
        print_json({**_quarantine_dict(row), "readable": readable_fields(bytes(row.original), framing)[0]})
        return
    for line in quarantine_lines(row, framing):
        console().print(line, soft_wrap=True)


def held_list(limit: int = LIMIT, tenant: str | None = TENANT, as_json: bool = JSON) -> None:
    """What waits, for what, and until when."""
    from chatsnapshot.rendering.waiting_tables import held_table

    rows = Ledger.connect(tenant=tenant).held(limit)
    if as_json:
        print_json([row_dict(row) for row in rows])
    elif rows:
        console().print(held_table(rows))
    else:
        console().print(Text("nothing is held"))


def held_show(
    event_id: str = typer.Argument(help="Event id as `held list` prints it."),
    tenant: str | None = TENANT,
    as_json: bool = JSON,
) -> None:
    """One event that waits: for what, until when, and what it says."""
    from chatsnapshot.rendering.held_text import held_lines
    from chatsnapshot.rendering.original_text import readable_fields

    ledger = Ledger.connect(tenant=tenant)
    found = ledger.held_event(event_id.lower())
    if found is None:
        raise NotFound(f"no event {event_id} waits; `chatsnapshot held list` lists those that do")
    row, original = found
    framing = ledger.sources.framing
    if as_json:
        readable = None if original is None else readable_fields(original, framing)[0]
        print_json({**row_dict(row), "original": original, "readable": readable})
        return
    for line in held_lines(row, original, framing):
        console().print(line, soft_wrap=True)


def _position(record: str) -> tuple[int, int, int]:
    parts = record.split("-")
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        raise ConfigurationError(f"{record!r} is not epoch-partition-offset, such as 1-3-42")
    epoch, partition, offset = map(int, parts)
    return epoch, partition, offset


def _quarantine_dict(row: Any) -> dict[str, Any]:
    values = row_dict(row)
    return {"id": f"{row.input_epoch}-{row.input_partition}-{row.input_offset}", **values}
