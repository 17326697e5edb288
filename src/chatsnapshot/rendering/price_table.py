"""Prices as a table: a line for each model, tier and time."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from chatsnapshot.rendering.cost_table import money
from chatsnapshot.rendering.printable import printable

NAMES = {
    "input_uncached": "input",
    "cache_read": "cache read",
    "cache_write_5m": "cache write",
    "cache_write_1h": "1 h cache write",
    "input_audio": "audio input",
    "output_text": "output",
    "output_reasoning": "reasoning",
    "output_audio": "audio output",
}
"""What people call the buckets."""

Line = tuple[str, str, str, int]
"""Model and tier, time, currency, and the limit of a price for longer prompts."""


def price_renderable(prices: Iterable[Any]) -> RenderableType:
    """A table (rows of view `model_prices`) of what a million tokens cost; a bucket that is not named has no price."""
    lines: dict[Line, dict[str, Decimal]] = {}
    for price in prices:
        named, since = _name(price), f"{price.valid_from:%Y-%m-%d}{' own' if price.is_own else ''}"
        lines.setdefault((named, since, price.currency, 0), {})[price.bucket] = price.price_per_million
        if price.long_prompt_over:
            longer = lines.setdefault((named, since, price.currency, price.long_prompt_over), {})
            if price.long_prompt_price is not None:
                longer[price.bucket] = price.long_prompt_price
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("model", overflow="fold", max_width=32)
    table.add_column("from", no_wrap=True)
    table.add_column("for a million tokens")
    previous = ""
    for (named, since, currency, over), amounts in lines.items():
        first = "" if named == previous else printable(named)
        table.add_row(first, since, f"{_beyond(over)}{_amounts(amounts)} {currency}" if amounts else _unknown(over))
        previous = named
    return Group(table, Text("What is not listed has no price: such usage is shown as unpriced, never as zero.", "dim"))


def impact_lines(changes: Iterable[Any]) -> list[str]:
    """What a change of past prices does to bills, a line a bucket and currency."""
    lines = []
    for change in changes:
        for row in change.impact:
            after = money(change.price.price_per_million * row.tokens / 1_000_000, change.price.currency)
            before = "unpriced" if row.amount is None else money(row.amount, row.currency)
            told = f"{change.price.bucket}: {row.lines:,} charges in {row.runs:,} runs, {row.tokens:,} tokens"
            lines.append(f"{told}: {before} becomes {after}")
    return lines


def _name(price: Any) -> str:
    words = (f"{price.provider}/{price.model}", price.service_tier, "batch" if price.batch else "")
    return " ".join(word for word in words if word)


def _amounts(amounts: dict[str, Decimal]) -> str:
    named = {NAMES.get(bucket, bucket): f"{amount.normalize():f}" for bucket, amount in _ordered(amounts)}
    if "output" in named and named.get("reasoning") == named["output"]:
        del named["reasoning"]
        named = {"output and reasoning" if name == "output" else name: text for name, text in named.items()}
    return ", ".join(f"{name} {text}" for name, text in named.items())


def _ordered(amounts: dict[str, Decimal]) -> list[tuple[str, Decimal]]:
    places = list(NAMES)
    return sorted(amounts.items(), key=lambda pair: places.index(pair[0]) if pair[0] in NAMES else len(places))


def _beyond(over: int) -> str:
    return f"prompts over {over:,}: " if over else ""


def _unknown(over: int) -> Text:
    return Text(f"{_beyond(over)}not known", "yellow")
