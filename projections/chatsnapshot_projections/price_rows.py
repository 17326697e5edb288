"""What the queries about prices answer, as `query_rows` does for the others."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A price of one bucket, in force from valid_from until the next one of its key."""

    provider: str
    model: str
    service_tier: str
    """'': the list price."""
    batch: bool
    bucket: str
    valid_from: datetime
    price_id: str
    price_per_million: Decimal
    currency: str
    long_prompt_over: int
    """Tokens of the whole prompt beyond which `long_prompt_price` applies; 0: one price for any length."""
    long_prompt_price: Decimal | None
    is_own: bool
    """A person set it."""
    source: str


@dataclass(frozen=True, slots=True)
class ImpactRow:
    """Charges in one currency that a new price would change; currency '': they are unpriced now, amount None."""

    currency: str
    lines: int
    runs: int
    tokens: int
    amount: Decimal | None
