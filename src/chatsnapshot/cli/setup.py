"""`migrate`: bring topics and tables to what this version needs."""

from dataclasses import asdict

import typer

from chatsnapshot.cli.output import print_json
from chatsnapshot.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        "migrate",
        rich_help_panel="Set up",
        epilog="Examples:  chatsnapshot migrate --dry-run   |   chatsnapshot migrate --json",
    )(migrate)


def migrate(
    dry_run: bool = typer.Option(False, "--dry-run", help="Print what would be done; change nothing."),
    as_json: bool = typer.Option(False, "--json", help="Machine-readable output."),
) -> None:
    """Create and upgrade topics, epochs, registered schemas, tables and views.

    Safe to run again; nothing is ever dropped.
    """
    from chatsnapshot.migration import migrate_clickhouse, migrate_kafka
    from chatsnapshot.schema_catalog.registration import migrate_registry

    settings = Settings()
    steps = migrate_kafka(settings, dry_run=dry_run) + migrate_registry(settings, dry_run=dry_run)
    steps += migrate_clickhouse(settings, dry_run=dry_run)
    if as_json:
        print_json({"dry_run": dry_run, "steps": [asdict(step) for step in steps]})
        return
    for step in steps:
        typer.echo(f"{'would ' if dry_run else ''}{step.what}: {step.action}")
    if not steps:
        typer.echo("nothing to do: topics and tables are as this version needs them")
