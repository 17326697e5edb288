"""The shipped price list: `prices.csv` as rows of `model_prices_versions`."""

import csv
import re
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from chatsnapshot_projections.clickhouse_client import clickhouse_errors
from chatsnapshot_projections.settings_pinned import INSERT_SETTINGS

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

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
"""Token buckets of PAYLOADS `usage`; disjoint."""
SOURCE = "shipped prices.csv"
TABLE = "model_prices_versions"


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens of one bucket cost from a time on. Fields are the table's columns, in order."""

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


COLUMNS = tuple(field.name for field in fields(Price))


@cache
def shipped_prices() -> tuple[Price, ...]:
    """Every price of the file, a row a bucket, aliases included."""
    return tuple(parse_prices(files(__package__).joinpath("prices.csv").read_text("utf-8")))


def parse_prices(text: str) -> Iterator[Price]:
    """The prices of a list in the form of prices.csv, whose `# version: N` says which list is newer."""
    found = re.search(r"^# version: (\d+)$", text, re.MULTILINE)
    if found is None:
        raise ValueError("a price list needs a line `# version: N`")
    for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#")):
        for model in filter(None, (row["model"], *row["aliases"].split("|"))):
            for bucket in BUCKETS:
                if row[bucket]:
                    yield _price(row, model, bucket, int(found[1]))


def _price(row: dict[str, str], model: str, bucket: str, version: int) -> Price:
    batch = row["batch"] == "true"
    special = "".join(f"/{word}" for word in (row["service_tier"], "batch" if batch else "") if word)
    return Price(
        provider=row["provider"],
        model=model,
        service_tier=row["service_tier"],
        batch=batch,
        bucket=bucket,
        valid_from=datetime.fromisoformat(row["valid_from"]).replace(tzinfo=UTC),
        price_id=f"{row['provider']}/{model}{special}/{bucket}@{row['valid_from']}",
        price_per_million=Decimal(row[bucket]),
        currency=row["currency"],
        source=SOURCE,
        version=version,
    )


def prices_to_load(client: "Client | None", database: str) -> list[Price]:
    """Shipped prices that the database does not have in this or a later version; all of them without a client."""
    if client is None:
        return list(shipped_prices())
    with clickhouse_errors("reading model prices"):
        rows = client.query(f"SELECT price_id, version FROM `{database}`.{TABLE} FINAL").result_rows
    loaded = {str(row[0]): int(row[1]) for row in rows}
    return [price for price in shipped_prices() if loaded.get(price.price_id, 0) < price.version]


def load_prices(client: "Client", database: str) -> None:
    """Bring the table up to the shipped list; a price that a person set stays.

    Raises ClickHouseUnavailable, QueryFailed.
    """
    rows = [astuple(price) for price in prices_to_load(client, database)]
    if rows:
        with clickhouse_errors("loading model prices"):
            client.insert(TABLE, rows, COLUMNS, database=database, settings=dict(INSERT_SETTINGS))
