"""`schema show|check`: the Avro schemas, and whether they fit what was written before."""

import typer
from rich.table import Table
from rich.text import Text

from chatsnapshot.cli.output import console, print_json
from chatsnapshot.settings import Settings

JSON = typer.Option(False, "--json", help="Machine-readable output.")
COLUMNS = ("name", "fingerprint", "topic", "meaning")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    schema = typer.Typer(
        help="The Avro schemas: print them, check that they can be read together with older data.",
        no_args_is_help=True,
        epilog="Example:  chatsnapshot schema show envelope > event_envelope.avsc",
    )
    schema.command(
        "show",
        epilog="Examples:  chatsnapshot schema show   |   chatsnapshot schema show ledger > ledger_record.avsc   |   "
        "chatsnapshot schema show envelope --json",
    )(show)
    schema.command(
        "check",
        epilog="Examples:  chatsnapshot schema check   |   "
        "chatsnapshot schema check --registry http://registry:8081 --json",
    )(check)
    app.add_typer(schema, name="schema", rich_help_panel="Set up")


def show(
    name: str | None = typer.Argument(None, help="envelope, ledger or held; none: list them."),
    as_json: bool = JSON,
) -> None:
    """Print a schema as .avsc on standard output (its fingerprint goes to standard error), or list them all."""
    from chatsnapshot.schema_catalog.catalog import catalog, schema_named

    topics = Settings().topics()
    if name is None:
        entries = [entry.as_dict() for entry in catalog(topics)]
        if as_json:
            print_json(entries)
        else:
            console().print(_table(entries))
        return
    entry = schema_named(name, topics)
    if as_json:
        print_json({**entry.as_dict(), "schema": entry.document})
        return
    typer.echo(f"{entry.schema.name}: CRC-64-AVRO {entry.schema.fingerprint.hex()}, topic {entry.topic}", err=True)
    print_json(entry.document)


def check(
    registry: str | None = typer.Option(
        None, "--registry", help="Compare with this registry, too; default: CHATSNAPSHOT_SCHEMA_REGISTRY_URL."
    ),
    as_json: bool = JSON,
) -> None:
    """Compare the schemas with every released version, and with the registry. Registers nothing: `migrate` does.

    Exit code 1: some older data could not be read.
    """
    from dataclasses import asdict

    from chatsnapshot.schema_catalog.checks import Verdict, compare_with_registry, compare_with_released
    from chatsnapshot_schemas.registry import ConfluentRegistry

    settings = Settings()
    found = list(compare_with_released(settings.topics()))
    url = registry or settings.schema_registry_url
    if url is not None:
        found += compare_with_registry(ConfluentRegistry(url), settings.topics())
    broken = any(each.verdict is Verdict.INCOMPATIBLE for each in found)
    if as_json:
        print_json({"compatible": not broken, "registry": url, "comparisons": [asdict(each) for each in found]})
    else:
        for each in found:
            style = "bold red" if each.verdict is Verdict.INCOMPATIBLE else "green"
            console().print(Text.assemble((f"{each.verdict:<14} ", style), f"{each.schema}: {each.against}"))
            for line in (*each.problems, *each.notes):
                console().print(Text(f"    {line}"), soft_wrap=True)
        if url is None:
            console().print(Text("no registry is set: compared with released versions only", "dim"))
    if broken:
        raise typer.Exit(1)


def _table(entries: list[dict[str, str]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in COLUMNS:
        table.add_column(column, overflow="fold")
    for entry in entries:
        table.add_row(*(entry[name] or "-" for name in COLUMNS))
    return table
