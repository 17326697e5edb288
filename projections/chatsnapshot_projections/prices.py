"""The shipped price list: `prices.csv` as rows of `model_prices_versions`."""

import csv
import re
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from chatsnapshot_projections.clickhouse_client import clickhouse_errors
from chatsnapshot_projections.price_keys import BUCKETS
from chatsnapshot_projections.row_insert import insert_rows

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

SOURCE = "shipped prices.csv"
TABLE = "model_prices_versions"


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens of one bucket cost from a time on. Fields are the table's columns."""

    provider: str
    model: str
    service_tier: str
    batch: bool
    bucket: str
    valid_from: datetime
    price_id: str
    price_per_million: Decimal
    currency: str
    source: str
    version: int
    long_prompt_over: int = 0
    """Tokens of the whole prompt beyond which `long_prompt_price` applies; 0: the price is for any length."""
    long_prompt_price: Decimal | None = None
    """None with a limit: such calls are unpriced."""

    @property
    def key(self) -> tuple[str, str, str, bool, str, datetime]:
        """What a later version replaces."""
        return self.provider, self.model, self.service_tier, self.batch, self.bucket, self.valid_from


COLUMNS = tuple(field.name for field in fields(Price))


@cache
def shipped_prices() -> tuple[Price, ...]:
    """Every price of the file, a row a bucket, aliases included."""
    return tuple(parse_prices(files(__package__).joinpath("prices.csv").read_text("utf-8")))


def parse_prices(text: str) -> Iterator[Price]:
    """The prices of a list in the form of prices.csv, whose `# version: N` says which list is newer.

    A line with `prompt_over` belongs to the line before it of the same key. Raises ValueError when there is none.
    """
    found = re.search(r"^# version: (\d+)$", text, re.MULTILINE)
    if found is None:
        raise ValueError("a price list needs a line `# version: N`")
    prices: dict[tuple[object, ...], Price] = {}
    for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#")):
        for model in filter(None, (row["model"], *row["aliases"].split("|"))):
            if row.get("prompt_over"):
                _add_long_prompts(prices, row, model)
            else:
                prices.update((price.key, price) for price in _prices(row, model, int(found[1])))
    yield from prices.values()


def _prices(row: dict[str, str], model: str, version: int) -> Iterator[Price]:
    batch = row["batch"] == "true"
    for bucket in BUCKETS:
        if row[bucket]:
            yield Price(
                provider=row["provider"],
                model=model,
                service_tier=row["service_tier"],
                batch=batch,
                bucket=bucket,
                valid_from=_time(row),
                price_id=price_id(row["provider"], model, row["service_tier"], batch, bucket, row["valid_from"]),
                price_per_million=Decimal(row[bucket]),
                currency=row["currency"],
                source=SOURCE,
                version=version,
            )


def _add_long_prompts(prices: dict[tuple[object, ...], Price], row: dict[str, str], model: str) -> None:
    key = (row["provider"], model, row["service_tier"], row["batch"] == "true")
    same = [price for price in prices.values() if price.key[:4] == key and price.valid_from == _time(row)]
    if not same:
        raise ValueError(f"prompt_over without a line for shorter prompts: {row['provider']}/{model}")
    for price in same:
        long = Decimal(row[price.bucket]) if row[price.bucket] else None
        prices[price.key] = replace(price, long_prompt_over=int(row["prompt_over"]), long_prompt_price=long)


def price_id(provider: str, model: str, tier: str, batch: bool, bucket: str, valid_from: str) -> str:
    """`provider/model[/tier][/batch]/bucket@valid_from`."""
    special = "".join(f"/{word}" for word in (tier, "batch" if batch else "") if word)
    return f"{provider}/{model}{special}/{bucket}@{valid_from}"


def _time(row: dict[str, str]) -> datetime:
    return datetime.fromisoformat(row["valid_from"]).replace(tzinfo=UTC)


def prices_to_load(client: "Client | None", database: str) -> list[Price]:
    """Shipped prices that the database does not have in this or a later version; all of them without a client."""
    if client is None:
        return list(shipped_prices())
    key = "provider, model, service_tier, batch, bucket, valid_from"
    with clickhouse_errors("reading model prices"):
        found = client.query(f"SELECT {key}, version FROM `{database}`.{TABLE} FINAL", tz_mode="aware")
    loaded = {tuple(row[:-1]): int(row[-1]) for row in found.result_rows}
    return [price for price in shipped_prices() if loaded.get(price.key, 0) < price.version]


def load_prices(client: "Client", database: str) -> None:
    """Bring the table up to the shipped list; a price that a person set stays.

    Raises ClickHouseUnavailable, QueryFailed.
    """
    insert_prices(client, database, prices_to_load(client, database))


def insert_prices(client: "Client", database: str, prices: list[Price]) -> None:
    """Write versions of prices. Raises ClickHouseUnavailable, QueryFailed."""
    rows = [astuple(price) for price in prices]
    if rows:
        with clickhouse_errors("loading model prices"):
            insert_rows(client, database, TABLE, COLUMNS, rows)
