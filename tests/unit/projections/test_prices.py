from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files

import pytest

from chatsnapshot_projections.price_keys import BUCKETS
from chatsnapshot_projections.prices import parse_prices, shipped_prices

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
    assert {price.provider for price in prices} == {"openai", "anthropic", "google", "mistral", "demo"}
    # joined on lower case
    assert all(price.model == price.model.lower() and price.provider == price.provider.lower() for price in prices)
    assert all(price.price_per_million > 0 for price in prices)


def test_the_demo_model_has_a_price_for_every_bucket() -> None:
    assert {price.bucket for price in shipped_prices() if price.model == "demo-model"} == set(BUCKETS)


def test_a_line_for_longer_prompts_belongs_to_the_line_before() -> None:
    head = HEAD.replace("currency", "prompt_over,currency")
    key = "lab,m,x,,false,2025-03-01"
    text = f"# version: 1\n{head}\n{key},,USD,1,0.1,,,,4,,\n{key},1000,USD,2,,,,,6,,\n"
    prices = {(price.model, price.bucket): price for price in parse_prices(text)}
    assert len(prices) == 6
    for model in ("m", "x"):
        assert prices[model, "input_uncached"].long_prompt_price == Decimal(2)
        assert prices[model, "cache_read"].long_prompt_price is None
        assert {
            prices[model, bucket].long_prompt_over for bucket in ("input_uncached", "cache_read", "output_text")
        } == {1000}
    alone = f"# version: 1\n{head}\nlab,m,,,false,2025-03-01,1000,USD,2,,,,,6,,\n"
    with pytest.raises(ValueError, match="prompt_over without a line"):
        list(parse_prices(alone))


def test_batch_prices_are_half_of_the_list() -> None:
    """As all four providers say; a bucket without a known batch price has none."""
    prices = {price.key: price for price in shipped_prices()}
    batch = [price for price in prices.values() if price.batch]
    assert {price.provider for price in batch} == {"openai", "anthropic", "google", "mistral"}
    for price in batch:
        listed = prices[price.provider, price.model, "", False, price.bucket, price.valid_from]
        assert price.price_per_million * 2 == listed.price_per_million, price.price_id


def test_the_file_says_where_its_figures_are_from() -> None:
    head = files("chatsnapshot_projections").joinpath("prices.csv").read_text("utf-8").split("provider,model", 1)[0]
    assert all(name in head for name in ("anthropic", "openai", "google", "mistral", "2026", "unpriced"))
