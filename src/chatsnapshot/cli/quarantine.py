"""`quarantine`: what could not be recorded, with its original bytes, and the way back."""

import typer

from chatsnapshot.cli import quarantine_solving
from chatsnapshot.cli.output import console, print_json
from chatsnapshot.reading import Ledger
from chatsnapshot.rendering.quarantine_dict import quarantine_dict, shown_dict
from chatsnapshot_schemas.errors import NotFound
from chatsnapshot_schemas.quarantine_entries import InputPlace

TENANT = typer.Option(None, "--tenant", help="Tenant; default: CHATSNAPSHOT_TENANT, else `default`.")
LIMIT = typer.Option(50, min=1, max=10_000, help="How many, latest first.")
JSON = typer.Option(False, "--json", help="Machine-readable output.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    quarantine = typer.Typer(
        help="Events that could not be recorded, with their original bytes; send them again, or discard them.",
        no_args_is_help=True,
        epilog="Example:  chatsnapshot quarantine list",
    )
    quarantine.command(
        "list", epilog="Examples:  chatsnapshot quarantine list --json   |   chatsnapshot quarantine list --solved"
    )(quarantine_list)
    quarantine.command("show", epilog="Example:  chatsnapshot quarantine show 1-3-42")(quarantine_show)
    quarantine_solving.register(quarantine)
    app.add_typer(quarantine, name="quarantine", rich_help_panel="Care")


def quarantine_list(
    solved: bool = typer.Option(False, "--solved", help="Those that were redriven or discarded, and by whom."),
    limit: int = LIMIT,
    tenant: str | None = TENANT,
    as_json: bool = JSON,
) -> None:
    """What was refused and why; with --solved, what became of it."""
    from chatsnapshot.rendering.waiting_tables import quarantine_table, solved_table

    ledger = Ledger.connect(tenant=tenant)
    rows = ledger.quarantine_solved(limit) if solved else ledger.quarantine(limit)
    if as_json:
        print_json([quarantine_dict(row) for row in rows])
    elif rows:
        console().print(solved_table(rows) if solved else quarantine_table(rows))
    else:
        typer.echo("nothing was solved" if solved else "nothing is in quarantine")


def quarantine_show(
    record: str = typer.Argument(help="Id as `quarantine list` prints it: epoch-partition-offset of the input."),
    tenant: str | None = TENANT,
    as_json: bool = JSON,
) -> None:
    """One refused event: reason, where it came from, original bytes, what of it can be read, and who solved it."""
    from chatsnapshot.rendering.quarantine_text import quarantine_lines, solution_lines

    place = InputPlace.from_text(record)
    ledger = Ledger.connect(tenant=tenant)
    found = ledger.quarantine_record(*place)
    if found is None:
        raise NotFound(f"no quarantine record {place}; `chatsnapshot quarantine list` lists them")
    row, original = found
    framing = ledger.sources.framing
    if as_json:
        print_json(shown_dict(row, original, framing))
        return
    for line in (*solution_lines(row), *quarantine_lines(row, original, framing)):
        console().print(line, soft_wrap=True)
