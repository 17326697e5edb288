"""Bills computed from payloads alone."""

import json
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from chatsnapshot.verification.bill_check import Bill, KnownPrice, PriceTable, bill_of
from chatsnapshot.verification.usage_report import usage_lines

PRICED = {"provider": "openai", "model": "m"}


def prices(**by_bucket: str) -> PriceTable:
    table: PriceTable = defaultdict(list)
    for bucket, price in by_bucket.items():
        table["openai", "m", "", False, bucket] = [KnownPrice(1_000, Decimal(price), "USD", 0, None)]
    return table


PRICES = prices(input_uncached="2", output_text="10")


def bill(*payloads: dict[str, Any], at: int = 1_000, table: PriceTable = PRICES) -> Bill:
    lines = [
        line
        for number, payload in enumerate(payloads, start=1)
        for line in usage_lines(json.dumps(PRICED | payload), number, at, "") or []
    ]
    return bill_of(lines, table)


def test_tokens_times_price_by_the_million() -> None:
    usage = {"input_uncached": 1_000, "output_text": 10}
    assert bill({"usage": usage}) == {"USD": (2, 1_010, Decimal("0.0021"))}


def test_before_the_first_price_there_is_none() -> None:
    assert bill({"usage": {"output_text": 10}}, at=999) == {"": (1, 10, None)}


def test_the_last_price_before_holds() -> None:
    table = prices(output_text="10")
    table["openai", "m", "", False, "output_text"].append(KnownPrice(2_000, Decimal(20), "EUR", 0, None))
    assert bill({"usage": {"output_text": 100}}, at=2_000, table=table) == {"EUR": (1, 100, Decimal("0.002"))}


def test_a_long_prompt_has_another_price_or_none() -> None:
    table = prices()
    for bucket, long in (("input_uncached", Decimal(4)), ("output_text", None)):
        table["openai", "m", "", False, bucket] = [KnownPrice(0, Decimal(2), "USD", 100, long)]
    usage = {"input_uncached": 200, "output_text": 10}
    assert bill({"usage": usage}, table=table) == {"USD": (1, 200, Decimal("0.0008")), "": (1, 10, None)}


def test_of_a_repeated_call_the_last_report_counts_whole() -> None:
    first = {"model_call_id": "c", "usage": {"input_uncached": 5, "output_text": 10}}
    last = {"model_call_id": "c", "usage": {"output_text": 20}}
    assert bill(first, last, first | {"attempt": 2})["USD"][:2] == (3, 35)


def test_a_running_total_counts_what_it_rises() -> None:
    totals = [{"usage": {"output_text": n, "counter": "cumulative"}} for n in (10, 25, 25, 40)]
    assert bill(*totals)["USD"][:2] == (4, 40)


def test_a_roll_up_counts_nothing_and_a_total_alone_is_unpriced() -> None:
    assert bill({"usage": {"output_text": 10, "scope": "rollup"}}) == {}
    assert bill({"usage": {"reported": {"input": 3, "output": 4}}}) == {"": (1, 7, None)}


def test_names_are_looked_up_as_the_price_list_has_them() -> None:
    (line,) = (
        usage_lines(json.dumps({"provider": "GEMINI", "model": "models/M", "usage": {"output_text": 1}}), 1, 0, "")
        or []
    )
    assert line.price_key == ("google", "m", "", False, "output_text")


@pytest.mark.parametrize(
    "odd",
    [
        {"usage": {"output_text": "many"}},
        {"usage": {"output_text": 1.5}},
        {"usage": {"output_text": True}},
        {"usage": [1]},
        {"usage": {"output_text": 1}, "model": 7},
        {"usage": {"output_text": 1}, "attempt": "2"},
        {"usage": {"output_text": 1, "batch": "no"}},
        {"usage": {"output_text": 1, "reported": 3}},
        {"usage": {"output_text": 1 << 70}},
    ],
)
def test_what_breaks_the_conventions_is_not_judged(odd: dict[str, Any]) -> None:
    assert usage_lines(json.dumps(odd), 1, 0, "") is None


def test_an_event_without_a_report_has_no_lines() -> None:
    assert usage_lines('{"role":"user","usage":{}}', 1, 0, "") == []
    assert usage_lines("{}", 1, 0, "") == []
