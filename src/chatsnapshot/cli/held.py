"""`held`: what waits for its cause or predecessor."""

import typer
from rich.text import Text

from chatsnapshot.cli.output import console, print_json
from chatsnapshot.reading import Ledger
from chatsnapshot.rendering.json_values import row_dict
from chatsnapshot_schemas.errors import NotFound

TENANT = typer.Option(None, "--tenant", help="Tenant; default: CHATSNAPSHOT_TENANT, else `default`.")
LIMIT = typer.Option(50, min=1, max=10_000, help="How many, the next to be released first.")
JSON = typer.Option(False, "--json", help="Machine-readable output.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    held = typer.Typer(
        help="Events that wait for their cause or predecessor.",
        no_args_is_help=True,
        epilog="Example:  chatsnapshot held list",
    )
    held.command("list", epilog="Examples:  chatsnapshot held list   |   chatsnapshot held list --json")(held_list)
    held.command("show", epilog="Example:  chatsnapshot held show 0197f3a2-7c1e-7000-8000-3f2a9c4d5e6f")(held_show)
    app.add_typer(held, name="held", rich_help_panel="Care")


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
