"""(8): the plain recomputation itself, by hand-made cases of PAYLOADS."""

import json
from decimal import Decimal
from typing import Any

from tests.faults.oracle.billing import bills_of, charges_of, lines_of
from tests.faults.oracle.facts import Facts
from tests.faults.oracle.prices import key_of, price_list, price_of
from tests.unit.faults.honest import NOVEMBER_2026_MS, sequenced
from tests.unit.processors.event_values import event, value_of

PRICED = {"provider": "anthropic", "model": "claude-sonnet-5"}


def charged(*payloads: dict[str, Any]) -> dict[str, tuple[int, int, Decimal | None]]:
    events = [event(f"e{at}", payload=json.dumps(PRICED | payload)) for at, payload in enumerate(payloads)]
    facts = Facts(sequenced([(b"k", value_of(plain), NOVEMBER_2026_MS, ()) for plain in events]))
    lines = [line for record in facts.records for line in lines_of(record) or []]
    return bills_of(charge for _, charge in charges_of(lines))


def test_tokens_times_price_by_the_million() -> None:
    usage = {"input_uncached": 1_000, "output_text": 10}
    assert charged({"usage": usage}) == {"USD": (2, 1_010, Decimal("0.0021"))}


def test_of_a_repeated_call_the_last_report_counts_whole() -> None:
    first = {"model_call_id": "c", "usage": {"input_uncached": 5, "output_text": 10}}
    last = {"model_call_id": "c", "usage": {"output_text": 20}}
    assert charged(first, last) == {"USD": (1, 20, Decimal("0.0002"))}


def test_another_attempt_is_another_call() -> None:
    first = {"model_call_id": "c", "usage": {"output_text": 10}}
    assert charged(first, first | {"attempt": 2})["USD"][:2] == (2, 20)


def test_a_running_total_counts_its_increases() -> None:
    totals = [{"usage": {"output_text": n, "counter": "cumulative", "series": "s"}} for n in (10, 25, 25, 40)]
    assert charged(*totals)["USD"][:2] == (4, 40)


def test_a_roll_up_is_not_counted() -> None:
    assert charged({"usage": {"output_text": 10, "scope": "rollup"}}) == {}


def test_a_total_alone_is_shown_without_a_price() -> None:
    assert charged({"usage": {"reported": {"total": 7}}}) == {"": (1, 7, None)}
    assert charged({"usage": {"reported": {"input": 3, "output": 4}}}) == {"": (1, 7, None)}


def test_a_model_that_is_not_listed_is_not_priced() -> None:
    assert charged({"model": "unknown", "usage": {"output_text": 3}}) == {"": (1, 3, None)}


def test_the_list_read_by_hand_is_the_list_that_is_shipped() -> None:
    from chatsnapshot_projections.prices import shipped_prices

    shipped = {
        (price.provider, price.model, price.service_tier, price.batch, price.bucket, price.valid_from): (
            price.price_per_million,
            price.currency,
            price.long_prompt_over,
            price.long_prompt_price,
        )
        for price in shipped_prices()
    }
    by_hand = {
        (*key, price.since): (price.price, price.currency, price.over, price.long)
        for key, prices in price_list().items()
        for price in prices
    }
    assert by_hand == shipped


def test_names_are_looked_up_without_paths_and_with_aliases() -> None:
    assert key_of("Gemini", "models/X", "batch", False, "b") == ("google", "x", "", True, "b")
    assert key_of("openai", "X", "flex", False, "b") == ("openai", "x", "flex", False, "b")


def test_before_the_first_price_there_is_none() -> None:
    from datetime import UTC, datetime

    key = key_of("anthropic", "claude-sonnet-5", "", False, "output_text")
    assert price_of(key, datetime(2020, 1, 1, tzinfo=UTC), 0) is None
