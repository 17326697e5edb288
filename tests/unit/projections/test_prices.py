from datetime import UTC, datetime
from decimal import Decimal

import pytest

from chatsnapshot_projections.prices import BUCKETS, parse_prices, shipped_prices

HEAD = (
    "provider,model,aliases,service_tier,batch,valid_from,currency,input_uncached,cache_read,cache_write_5m,"
    "cache_write_1h,input_audio,output_text,output_reasoning,output_audio"
)


def test_a_line_is_a_price_for_each_bucket_and_name() -> None:
    text = f"# version: 7\n{HEAD}\nlab,m,m-2025|m-latest,flex,true,2025-03-01,EUR,0.15,,,,,0,,\n"
    prices = list(parse_prices(text))
    assert [(price.model, price.bucket, price.price_per_million) for price in prices] == [
        (model, bucket, price)
        for model in ("m", "m-2025", "m-latest")
        for bucket, price in (("input_uncached", Decimal("0.15")), ("output_text", Decimal(0)))
    ]
    assert prices[0].price_id == "lab/m/flex/batch/input_uncached@2025-03-01"
    assert prices[0].valid_from == datetime(2025, 3, 1, tzinfo=UTC)
    assert (prices[0].batch, prices[0].currency, prices[0].version) == (True, "EUR", 7)


def test_a_list_without_a_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version"):
        list(parse_prices(f"{HEAD}\n"))


def test_the_shipped_list_has_one_price_a_key() -> None:
    prices = shipped_prices()
    keys = [(p.provider, p.model, p.service_tier, p.batch, p.bucket, p.valid_from) for p in prices]
    assert len(set(keys)) == len(keys)
    assert len({price.price_id for price in prices}) == len(prices)
    assert {price.provider for price in prices} == {"openai", "anthropic", "google", "demo"}
    # joined on lower case
    assert all(price.model == price.model.lower() and price.provider == price.provider.lower() for price in prices)
    assert all(price.price_per_million > 0 for price in prices)


def test_the_demo_model_has_a_price_for_every_bucket() -> None:
    assert {price.bucket for price in shipped_prices() if price.model == "demo-model"} == set(BUCKETS)
