"""The shipped price list, read from its CSV by hand."""

import csv
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files

BUCKETS = (
    "input_uncached",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "input_audio",
    "output_text",
    "output_reasoning",
    "output_audio",
)
PROVIDERS = {
    "gemini": "google",
    "gcp.gemini": "google",
    "google_genai": "google",
    "google-genai": "google",
    "google-gla": "google",
    "mistralai": "mistral",
    "mistral_ai": "mistral",
}
_PREFIX = re.compile("^(models|openai|anthropic|google|gemini|mistral|mistralai)/")
Key = tuple[str, str, str, bool, str]
"""Provider, model, tier, batch, bucket."""


@dataclass(frozen=True, slots=True)
class ListPrice:
    """From a day on, for a million tokens; `long`: for prompts of more than `over` tokens (0: no limit)."""

    since: datetime
    price: Decimal
    currency: str
    over: int = 0
    long: Decimal | None = None


@cache
def price_list() -> dict[Key, list[ListPrice]]:
    """Prices by what they are for, ascending."""
    text = files("chatsnapshot_projections").joinpath("prices.csv").read_text("utf-8")
    found: dict[Key, dict[datetime, ListPrice]] = {}
    for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#")):
        since = datetime.fromisoformat(row["valid_from"]).replace(tzinfo=UTC)
        for model in filter(None, (row["model"], *row["aliases"].split("|"))):
            for bucket in BUCKETS:
                of = found.setdefault((row["provider"], model, row["service_tier"], row["batch"] == "true", bucket), {})
                said = Decimal(row[bucket]) if row[bucket] else None
                if row["prompt_over"]:
                    if since in of:
                        short = of[since]
                        over = int(row["prompt_over"])
                        of[since] = ListPrice(since, short.price, short.currency, over, said)
                elif said is not None:
                    of[since] = ListPrice(since, said, row["currency"])
    return {key: [of[since] for since in sorted(of)] for key, of in found.items()}


def price_of(key: Key, at: datetime, prompt_tokens: int) -> tuple[Decimal, str] | None:
    """Price and currency for a line at that time; None: not known."""
    in_force = [price for price in price_list().get(key, []) if price.since <= at]
    if not in_force:
        return None
    price = in_force[-1]
    if price.over and prompt_tokens > price.over:
        return None if price.long is None else (price.long, price.currency)
    return price.price, price.currency


def key_of(provider: str, model: str, tier: str, batch: bool, bucket: str) -> Key:
    """Under which key a line is looked up."""
    name, level = provider.lower(), tier.lower()
    is_list_price = level in ("", "default", "standard", "on_demand", "batch")
    return (
        PROVIDERS.get(name, name),
        _PREFIX.sub("", model.lower()),
        "" if is_list_price else level,
        batch or level == "batch",
        bucket,
    )
