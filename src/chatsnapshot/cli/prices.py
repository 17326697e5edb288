"""`prices`: what a million tokens cost, and own prices in place of the shipped list."""

import getpass
import socket
import sys
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import typer

from chatsnapshot.cli.output import console, print_json
from chatsnapshot.rendering.json_values import row_dict
from chatsnapshot_schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from chatsnapshot_projections.own_prices import PriceChange

PRICES_MAX = 20_000
"""Rows that are printed at most: the shipped list has about 700."""
JSON = typer.Option(False, "--json", help="Machine-readable output.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    prices = typer.Typer(
        help="What tokens cost: the shipped price list and your own prices.",
        no_args_is_help=True,
        epilog="Example:  chatsnapshot prices list --model gpt-5",
    )
    prices.command(
        "list",
        epilog="Examples:  chatsnapshot prices list --provider anthropic   |   "
        "chatsnapshot prices list --model gpt-5 --at 2026-01-31 --json",
    )(prices_list)
    prices.command(
        "set",
        epilog="Examples:  chatsnapshot prices set openai gpt-5 input_uncached=1.10 output_text=8.5   |   "
        'chatsnapshot prices set mistral mistral-large-2512 output_text=1.2 --from 2026-01-01 --note "contract" --yes',
    )(prices_set)
    app.add_typer(prices, name="prices", rich_help_panel="Set up")


def prices_list(
    provider: str = typer.Option("", "--provider", help="Only this provider."),
    model: str = typer.Option("", "--model", help="Only models whose names begin so."),
    at: str = typer.Option("", "--at", help="In force at this date or time (UTC); default: now."),
    history: bool = typer.Option(False, "--history", help="Every price that is or was in force."),
    as_json: bool = JSON,
) -> None:
    """Prices for a million tokens. What has no price here is shown as unpriced in bills, never as zero."""
    from chatsnapshot.rendering.price_table import price_renderable
    from chatsnapshot_projections.price_keys import model_name, provider_name

    queries = _sources().queries
    names = provider_name(provider), model_name(model)
    moment = _time(at, "--at") if at else datetime.now(UTC)
    rows = queries.price_history(*names, PRICES_MAX) if history else queries.prices(moment, *names, PRICES_MAX)
    if as_json:
        print_json([row_dict(row) for row in rows])
    elif rows:
        console().print(price_renderable(rows))
    else:
        typer.echo("no price is known for that: such usage is shown as unpriced; `chatsnapshot prices set` adds one")


def prices_set(
    provider: str = typer.Argument(help="As usage names it: openai, anthropic, google, mistral, ..."),
    model: str = typer.Argument(help="Exactly as usage names it: a dated name is a model of its own."),
    prices: list[str] = typer.Argument(
        metavar="BUCKET=PRICE...", help="For a million tokens: input_uncached=1.25 output_text=10 ..."
    ),
    valid_from: str = typer.Option("", "--from", help="In force from this date or time (UTC); default: now."),
    tier: str = typer.Option("", "--tier", help="Service tier; default: the list price."),
    batch: bool = typer.Option(False, "--batch", help="Price of the batch interface."),
    currency: str = typer.Option("USD", "--currency", help="ISO 4217."),
    note: str = typer.Option("", "--note", help="Why; kept in table price_changes."),
    by: str = typer.Option("", "--by", help="Who sets it; default: your user and machine."),
    yes: bool = typer.Option(False, "--yes", help="Do not ask when past bills change."),
    as_json: bool = JSON,
) -> None:
    """Set an own price from a date on. It holds until you set another; a later shipped list does not take over.

    A date in the past changes past bills: that is shown first, and has to be confirmed. Every change is kept in
    table price_changes: who set what, when, and what held before.
    """
    from chatsnapshot_projections.own_prices import PriceKey, plan_own_prices, set_own_prices

    now = datetime.now(UTC)
    since = _time(valid_from, "--from") if valid_from else now
    key, who = PriceKey.of(provider, model, tier, batch), by or _who()
    amounts = _amounts(prices)
    sources = _sources()
    said = f"set by {who} at {now:%Y-%m-%dT%H:%M:%SZ}{f': {note}' if note else ''}"
    changes = plan_own_prices(sources.queries, key, amounts, valid_from=since, currency=currency, now=now, source=said)
    if since < now and not yes:
        _confirm(changes, since)
    set_own_prices(sources.client, sources.clickhouse.database, changes, now=now, by=who, note=note)
    if as_json:
        print_json([_change_dict(change) for change in changes])
    else:
        _tell(changes, str(key))


def _sources() -> Any:
    from chatsnapshot.reading.sources import Sources
    from chatsnapshot.settings import Settings

    settings = Settings()
    return Sources(settings, settings.tenant)


def _time(text: str, option: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{option}: a date or time such as 2026-01-31, not {text!r}") from None
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    if not 2000 <= time.year < 2200:
        raise ConfigurationError(f"{option}: a year from 2000 to 2199, not {time.year}")
    return time.astimezone(UTC)


def _amounts(pairs: list[str]) -> dict[str, Decimal]:
    amounts: dict[str, Decimal] = {}
    for pair in pairs:
        bucket, equals, text = pair.partition("=")
        try:
            amount = Decimal(text)
        except InvalidOperation:
            equals = ""
            amount = Decimal(0)
        if not equals or not amount.is_finite():
            raise ConfigurationError(f"{pair!r}: BUCKET=PRICE, such as output_text=10")
        if bucket in amounts:
            raise ConfigurationError(f"{bucket}: given twice")
        amounts[bucket] = amount
    return amounts


def _who() -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "unknown"  # a container whose user has no name
    return f"{user}@{socket.gethostname()}"


def _confirm(changes: "list[PriceChange]", since: datetime) -> None:
    from chatsnapshot.rendering.price_table import impact_lines

    typer.echo(f"{since:%Y-%m-%d %H:%M} UTC is in the past: bills since then change.", err=True)
    for line in impact_lines(changes) or ["no charge of that time is affected"]:
        typer.echo(f"  {line}", err=True)
    if not sys.stdin.isatty():
        raise ConfigurationError("nothing was set: --yes confirms a price in the past")
    typer.confirm("Change past bills?", abort=True, err=True)


def _tell(changes: "list[PriceChange]", key: str) -> None:
    from chatsnapshot.rendering.cost_table import money

    for change in changes:
        price, old = change.price, change.replaced
        before = "unpriced" if old is None else money(old.price_per_million, old.currency)
        amount = money(price.price_per_million, price.currency)
        since = f"{price.valid_from:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"{key} {price.bucket}: {amount} for a million tokens from {since} (before: {before})")


def _change_dict(change: "PriceChange") -> dict[str, Any]:
    return {
        **row_dict(change.price),
        "replaced": row_dict(change.replaced) if change.replaced else None,
        "is_retroactive": change.is_retroactive,
        "impact": [row_dict(row) for row in change.impact],
    }
