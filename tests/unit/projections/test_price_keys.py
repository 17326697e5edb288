"""The names under which usage is priced."""

import pytest

from chatsnapshot_projections.own_prices import PriceKey
from chatsnapshot_projections.price_keys import model_name, provider_name, tier_name


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Gemini", "google"),
        ("mistral_ai", "mistral"),
        ("vertexai", "vertexai"),
        (" OpenAI ", "openai"),
        ("bedrock", "bedrock"),
    ],
)
def test_libraries_names_of_a_provider(given: str, name: str) -> None:
    assert provider_name(given) == name


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("models/Gemini-2.5-Pro", "gemini-2.5-pro"),
        ("openai/gpt-5", "gpt-5"),
        ("meta/llama", "meta/llama"),
        ("openai/", "openai/"),
    ],
)
def test_a_path_before_a_models_name_is_no_part_of_it(given: str, name: str) -> None:
    assert model_name(given) == name


def test_tiers_of_the_list_price_have_no_name() -> None:
    assert [tier_name(tier) for tier in ("Default", "standard", "on_demand", "", "flex")] == ["", "", "", "", "flex"]


def test_a_key_is_written_as_charges_say_it() -> None:
    assert str(PriceKey.of("OpenAI", "gpt-5", "Flex", True)) == "openai/gpt-5/flex/batch"
    assert PriceKey.of("openai", "gpt-5", "batch") == PriceKey("openai", "gpt-5", "", True)
