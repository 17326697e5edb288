"""Prices that a person sets: effective-dated versions of their own, each logged in `price_changes`.

An own price holds until the next own price of its key; the price list of a later release does not take over. Nothing is
overwritten unseen: `price_changes` keeps who set what when, and what held before.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from chatsnapshot_projections.clickhouse_client import clickhouse_errors
from chatsnapshot_projections.price_keys import BUCKETS, model_name, provider_name, tier_name
from chatsnapshot_projections.price_rows import ImpactRow, PriceRow
from chatsnapshot_projections.prices import Price, insert_prices, price_id
from chatsnapshot_projections.queries import LedgerQueries
from chatsnapshot_projections.row_insert import insert_rows
from chatsnapshot_schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

PRICE_MAX = Decimal(10) ** 9
"""For a million tokens: far above any, and times 1e12 tokens still inside Decimal(38, 12)."""
PRICE_DIGITS_MAX = 12
"""Behind the point, as the table keeps them."""
FAR_FUTURE = datetime(2200, 1, 1, tzinfo=UTC)
"""Later than any record, within DateTime64."""
_ROWS_MAX = 10_000
"""Prices of one model in its whole history."""
_CHANGE_COLUMNS = (
    "changed_at", "changed_by", "provider", "model", "service_tier", "batch", "bucket", "valid_from", "price_id",
    "price_per_million", "currency", "replaced_price_id", "replaced_price_per_million", "replaced_currency",
    "is_retroactive", "note",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PriceKey:
    """What is priced, in the names of the price list; `of` normalises what people write."""

    provider: str
    model: str
    service_tier: str
    batch: bool

    @classmethod
    def of(cls, provider: str, model: str, tier: str = "", batch: bool = False) -> "PriceKey":
        """The key of a provider and model as reported. Raises ConfigurationError."""
        key = cls(provider_name(provider), model_name(model), tier_name(tier), batch)
        if not key.provider or not key.model:
            raise ConfigurationError("provider and model: must not be empty")
        if key.service_tier == "batch":
            return cls(key.provider, key.model, "", True)
        return key

    def __str__(self) -> str:
        """As `charges.priced_as` says it."""
        words = (self.provider, self.model, self.service_tier, "batch" if self.batch else "")
        return "/".join(word for word in words if word)


@dataclass(frozen=True, slots=True)
class PriceChange:
    """One bucket's new price, with what held at its time before and what of past bills it changes."""

    price: Price
    replaced: PriceRow | None
    is_retroactive: bool
    impact: tuple[ImpactRow, ...]


def plan_own_prices(
    queries: LedgerQueries,
    key: PriceKey,
    amounts: dict[str, Decimal],
    *,
    valid_from: datetime,
    currency: str,
    now: datetime,
    source: str,
) -> list[PriceChange]:
    """What setting these prices (bucket to amount for a million tokens) would do; changes nothing.

    Times are aware. Raises ConfigurationError for what cannot be a price, ClickHouseUnavailable, QueryFailed.
    """
    _check(amounts, currency)
    history = queries.price_history(key.provider, key.model, limit=_ROWS_MAX)
    known = [row for row in history if PriceKey(row.provider, row.model, row.service_tier, row.batch) == key]
    return [
        _change(queries, key, _price(key, bucket, amount, valid_from, currency, now, source), known, now)
        for bucket, amount in amounts.items()
    ]


def set_own_prices(
    client: "Client", database: str, changes: list[PriceChange], *, now: datetime, by: str, note: str
) -> None:
    """Write the planned prices and log them. Raises ClickHouseUnavailable, QueryFailed."""
    rows = [_logged(change, now, by, note) for change in changes]
    # the log first: a price without its entry would be a change that nobody made
    with clickhouse_errors("logging price changes"):
        insert_rows(client, database, "price_changes", _CHANGE_COLUMNS, rows)
    insert_prices(client, database, [change.price for change in changes])


def _check(amounts: dict[str, Decimal], currency: str) -> None:
    for bucket, amount in amounts.items():
        if bucket not in BUCKETS:
            raise ConfigurationError(f"{bucket!r} is no token bucket; one of {', '.join(BUCKETS)}")
        exponent = amount.as_tuple().exponent
        if not isinstance(exponent, int) or not 0 <= amount <= PRICE_MAX or -exponent > PRICE_DIGITS_MAX:
            raise ConfigurationError(
                f"{bucket}: a price from 0 to {PRICE_MAX:,} with at most 12 decimals, not {amount}"
            )
    if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        raise ConfigurationError(f"currency: three capital letters such as USD or EUR, not {currency!r}")


def _price(
    key: PriceKey, bucket: str, amount: Decimal, valid_from: datetime, currency: str, now: datetime, source: str
) -> Price:
    version = int(now.timestamp() * 1000)
    since = valid_from.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    named = price_id(key.provider, key.model, key.service_tier, key.batch, bucket, since)
    return Price(
        provider=key.provider,
        model=key.model,
        service_tier=key.service_tier,
        batch=key.batch,
        bucket=bucket,
        valid_from=valid_from,
        price_id=f"own/{named}#{version}",
        price_per_million=amount,
        currency=currency,
        source=source,
        version=version,
    )


def _change(queries: LedgerQueries, key: PriceKey, price: Price, known: list[PriceRow], now: datetime) -> PriceChange:
    same = [row for row in known if row.bucket == price.bucket]
    earlier = [row for row in same if row.valid_from <= price.valid_from]
    later = [row.valid_from for row in same if row.valid_from > price.valid_from and row.is_own]
    retroactive = price.valid_from < now
    impact: list[ImpactRow] = []
    if retroactive:
        before = min(later, default=FAR_FUTURE)
        impact = queries.price_impact(str(key), price.bucket, price.valid_from, before)
    return PriceChange(price, max(earlier, key=lambda row: row.valid_from, default=None), retroactive, tuple(impact))


def _logged(change: PriceChange, now: datetime, by: str, note: str) -> tuple[object, ...]:
    price, replaced = change.price, change.replaced
    return (
        now, by, price.provider, price.model, price.service_tier, price.batch, price.bucket, price.valid_from,
        price.price_id, price.price_per_million, price.currency, replaced.price_id if replaced else "",
        replaced.price_per_million if replaced else None, replaced.currency if replaced else "",
        change.is_retroactive, note,
    )  # fmt: skip
