"""Money: no digit is lost, and what has no price is never zero."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from rich.console import Console

from chatsnapshot.rendering.cost_table import cost_renderable, money


@dataclass
class Charge:
    agent: str = "clerk"
    model: str = "m"
    bucket: str = "input_uncached"
    priced_as: str = "lab/m"
    price_id: str = "p1"
    tokens: int = 1_000
    unpriced: bool = False
    price_per_million: Decimal | None = Decimal("2.50")
    currency: str = "USD"
    amount: Decimal | None = Decimal("0.0025")


def text_of(*charges: Charge) -> str:
    out = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    out.print(cost_renderable(charges))
    return out.export_text()


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (Decimal("1.2"), "USD", "$1.20"),
        (Decimal("0.000525000000"), "USD", "$0.000525"),
        (Decimal("1234567"), "EUR", "€1,234,567.00"),
        (Decimal("3"), "CHF", "3.00 CHF"),
        (Decimal("1E+3"), "USD", "$1,000.00"),
        (Decimal(0), "USD", "$0.00"),
    ],
)
def test_amounts_keep_their_digits(amount: Decimal, currency: str, text: str) -> None:
    assert money(amount, currency) == text


def test_lines_of_one_bucket_are_added_and_the_total_is_their_sum() -> None:
    text = text_of(Charge(), Charge(), Charge(bucket="output_text", amount=Decimal("0.01"), tokens=500))
    assert "2,000" in text
    assert "$0.005" in text
    assert "$0.015" in text


def test_unpriced_is_said_and_never_zero() -> None:
    text = text_of(Charge(unpriced=True, price_per_million=None, amount=None, currency="", price_id=""))
    assert text.count("unpriced") == 2
    assert "0.00" not in text
    assert "no price for lab/m input_uncached" in text


def test_a_total_says_that_some_of_it_has_no_price() -> None:
    gone = Charge(
        bucket="output_text", unpriced=True, price_per_million=None, amount=None, currency="", price_id="", tokens=7
    )
    text = text_of(Charge(), gone)
    (total,) = [line for line in text.splitlines() if line.strip().startswith("total")]
    (rest,) = [line for line in text.splitlines() if "not in it" in line]
    assert "1,007" in total
    assert "$0.0025" in total
    assert rest.split() == ["not", "in", "it", "7", "unpriced"]


def test_a_run_without_usage_says_so() -> None:
    assert "no usage" in text_of()
