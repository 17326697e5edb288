"""What a run cost: one line a model and bucket; what has no price is shown as such, never as zero."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from chatsnapshot.rendering.printable import one_line

MISSING_SHOWN = 3
"""Missing prices that are named below the table."""
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}


def cost_renderable(charges: Iterable[Any]) -> RenderableType:
    """A table (rows of view `charges`), with the price that was used."""
    lines: dict[tuple[str, ...], list[Any]] = defaultdict(list)
    for charge in charges:
        lines[charge.agent, charge.model, charge.bucket, charge.price_id].append(charge)
    if not lines:
        return Text("no usage was recorded", "dim")
    table = Table(title="Cost", title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for name in ("agent", "model", "bucket"):
        table.add_column(name, no_wrap=True)
    for name in ("tokens", "per million", "amount"):
        table.add_column(name, justify="right", no_wrap=True)
    for (agent, model, bucket, _), rows in lines.items():
        first = rows[0]
        table.add_row(
            one_line(agent, 20),
            one_line(model, 24),
            bucket,
            f"{sum(row.tokens for row in rows):,}",
            "" if first.unpriced else money(first.price_per_million, first.currency),
            "unpriced" if first.unpriced else money(sum(row.amount for row in rows), first.currency),
            style="yellow" if first.unpriced else None,
        )
    table.add_section()
    _add_totals(table, [row for rows in lines.values() for row in rows])
    hint = _missing_prices([row for rows in lines.values() for row in rows])
    return Group(table, hint) if hint else table


def _add_totals(table: Table, charges: list[Any]) -> None:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for charge in charges:
        if not charge.unpriced:
            totals[charge.currency] += charge.amount
    tokens = sum(charge.tokens for charge in charges)
    unpriced = sum(charge.tokens for charge in charges if charge.unpriced)
    has_unpriced = any(charge.unpriced for charge in charges)
    amounts = " + ".join(money(amount, currency) for currency, amount in totals.items()) or "unpriced"
    table.add_row("total", "", "", f"{tokens:,}", "", amounts, style="bold")
    if has_unpriced and totals:
        table.add_row("not in it", "", "", f"{unpriced:,}", "", "unpriced", style="yellow")


def _missing_prices(charges: list[Any]) -> Text | None:
    missing = sorted({f"{charge.priced_as} {charge.bucket}" for charge in charges if charge.unpriced})
    if not missing:
        return None
    named = ", ".join(one_line(name, 60) for name in missing[:MISSING_SHOWN])
    more = f" and {len(missing) - MISSING_SHOWN} more" if len(missing) > MISSING_SHOWN else ""
    return Text(f"no price for {named}{more}: `chatsnapshot prices set` adds one", "yellow")


def money(amount: Decimal, currency: str) -> str:
    """An amount with as many digits as it needs, at least two: `$1.20`, `$0.000525`."""
    digits = f"{amount.normalize():f}"
    whole, _, fraction = digits.partition(".")
    text = f"{int(whole):,}.{fraction.ljust(2, '0')}"
    return f"{SYMBOLS[currency]}{text}" if currency in SYMBOLS else f"{text} {currency}"
